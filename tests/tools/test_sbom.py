"""The list of what a release is made of says nothing of the machine that it was made on."""

from __future__ import annotations

from tools.sbom import without_registries


def test_no_reference_says_where_a_package_was_fetched_from() -> None:
    fetched = {"type": "distribution", "url": "https://registry.example/simple/httpx/"}
    site = {"type": "website", "url": "https://httpx.example"}
    made = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "cbops", "externalReferences": [site]}},
        "components": [
            {"name": "httpx", "version": "1.0", "externalReferences": [fetched, site]},
            {"name": "rich", "purl": "pkg:pypi/rich@15.0.0", "externalReferences": [fetched]},
        ],
    }
    assert without_registries(made) == {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "cbops", "externalReferences": [site]}},
        "components": [
            {"name": "httpx", "version": "1.0", "externalReferences": [site]},
            {"name": "rich", "purl": "pkg:pypi/rich@15.0.0"},
        ],
    }
