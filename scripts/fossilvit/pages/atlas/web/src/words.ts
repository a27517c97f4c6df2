// Texts in the two languages of the page.

export type Language = "en" | "ja";
export type Text = Readonly<Record<Language, string>>;

/** A text with its {0}, {1}, ... replaced. */
export function filled(text: string, ...values: (string | number)[]): string {
  return text.replace(/\{(\d)\}/g, (_, place: string) => String(values[Number(place)] ?? ""));
}
