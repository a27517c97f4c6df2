"""Genus and species from the names of taxa."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fossilvit.sheet import taxa


@pytest.mark.parametrize(
    ("name", "genus", "species"),
    [
        ("Homo sapiens", "Homo", "Homo sapiens"),
        ("Homo sapiens Linnaeus, 1758", "Homo", "Homo sapiens"),
        ("Homo sapiens (Linnaeus, 1758)", "Homo", "Homo sapiens"),
        ("Homo sapiens neanderthalensis", "Homo", "Homo sapiens"),
        ("Homo (Homo) sapiens", "Homo", "Homo sapiens"),
        ("  Homo　sapiens ", "Homo", "Homo sapiens"),
        ("Polygonia c-album", "Polygonia", "Polygonia c-album"),
        ("Homo sp.", "Homo", ""),
        ("Homo sp. A", "Homo", ""),
        ("Homo spp.", "Homo", ""),
        ("Homo cf. sapiens", "Homo", ""),
        ("Homo aff. H. sapiens", "Homo", ""),
        ("Homo n. sp.", "Homo", ""),
        ("Homo sp. nov.", "Homo", ""),
        ("Homo ex gr. sapiens", "Homo", ""),
        ("Homo ? sapiens", "Homo", ""),
        ("Homo sapiens?", "Homo", ""),
        ("Homo ?sapiens", "Homo", ""),
        ('Homo "sapiens"', "Homo", ""),
        ("Homo × sapiens", "Homo", ""),
        ("?Homo sapiens", "", ""),
        ("Homo? sapiens", "", ""),
        ("cf. Homo sapiens", "", ""),
        ('"Homo" sapiens', "", ""),
        ("Homo", "", ""),
        ("Homo Linnaeus, 1758", "", ""),
        ("Basilosaurus de Blainville, 1820", "", ""),
        ("Hominidae indet.", "", ""),
        ("Hominidae gen. et sp. indet.", "", ""),
        ("Hominidae sp.", "", ""),
        ("Gen. et sp. indet.", "", ""),
        ("homo sapiens", "", ""),
        ("human being", "", ""),
        ("H. sapiens", "", ""),
        ("indet.", "", ""),
        ("不明", "", ""),
        ("ヒト", "", ""),
        ("", "", ""),
    ],
)
def test_genus_and_species_are_taken_from_a_name_that_says_them(name, genus, species):
    assert (taxa.genus(name), taxa.species(name)) == (genus, species)


@pytest.mark.parametrize(
    ("value", "genus", "species"),
    [
        ("sapiens", "Homo", "Homo sapiens"),
        ("sapiens Linnaeus, 1758", "Homo", "Homo sapiens"),
        ("Homo sapiens", "Homo", "Homo sapiens"),
        ("Homo sapiens", "", "Homo sapiens"),
        ("Homo sapiens L.", "Pan", "Homo sapiens"),
        ("sapiens", "", "sapiens"),
        ("sp.", "Homo", ""),
        ("sp. A", "Homo", ""),
        ("cf. sapiens", "Homo", ""),
        ("sapiens?", "Homo", ""),
        ("Homo sp.", "Homo", ""),
        ("indet.", "Homo", ""),
        ("不明", "Homo", ""),
        ("", "Homo", ""),
        ("A", "Homo", "A"),
        ("ヒト", "", "ヒト"),
    ],
)
def test_the_value_of_a_column_of_species_is_completed_by_the_genus(value, genus, species):
    assert taxa.completed(value, genus) == species


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("Hominidae", "Hominidae"),
        (" ヒト科 ", "ヒト科"),
        ("cf. Hominidae", ""),
        ("Hominidae?", ""),
        ("?", ""),
        ("NA", ""),
    ],
)
def test_a_rank_that_is_left_open_is_no_label(value, label):
    assert taxa.certain(value) == label


@given(st.text(max_size=30), st.text(max_size=10))
def test_any_text_has_a_genus_if_it_has_a_species(name, genus):
    species = taxa.species(name)
    assert not species or (species.split()[0] == taxa.genus(name) and len(species.split()) == 2)
    assert isinstance(taxa.completed(name, genus), str)
