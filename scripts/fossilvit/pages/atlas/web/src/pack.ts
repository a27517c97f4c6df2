// What pages/atlas/packing.py packs: text of base64, of gzip, of a JSON tree with typed arrays.
// In: such a text. Out: the tree, in which {"$": [type, offset, length]} has become a typed array.

const TYPES = {
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export async function unpack<T>(text: string): Promise<T> {
  const packed = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(packed).arrayBuffer();
  const size = new DataView(buffer).getUint32(0, true);
  const tree = new TextDecoder().decode(new Uint8Array(buffer, 4, size));
  return JSON.parse(tree, (_, value) => (value?.$ ? typedArray(buffer, value.$) : value)) as T;
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const characters = atob(base64);
  const bytes = new Uint8Array(characters.length);
  for (let place = 0; place < characters.length; place++) bytes[place] = characters.charCodeAt(place);
  return bytes;
}

function typedArray(buffer: ArrayBuffer, [type, offset, length]: [keyof typeof TYPES, number, number]) {
  return new TYPES[type](buffer, offset, length);
}
