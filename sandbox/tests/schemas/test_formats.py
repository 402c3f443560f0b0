"""Formats are checked as AWS's validator checks them."""

import pytest

from cfn_sandbox.schemas.formats import FORMATS

VALID = {
    "date-time": [
        *(
            "2020-01-31T10:20:30Z",
            "2021-02-30T10:20:30.123456789+05:30",
            "2020-01-01T24:00:00Z",
            "+12020-01-01T00:00:00Z",
        ),
        "2020-01-01T00:00:00-18:00",
    ],
    "date": ["2020-02-29", "0000-01-01", "-0001-01-01", "+12020-02-28"],
    "time": ["10:20:30Z", "10:20:30.5+19:00"],
    "uri": ["http://a.b/c?d=e#f", "urn:a:b", "a:%41", "http://é/ü", "http://[::1]:80/x", "file:///x"],
    "uri-reference": ["", "a/b:c", "?q", "//x/y", "/a#f"],
    "uri-template": ["http://a/{b}"],
    "email": ["a.b@c.de"],
    "hostname": ["a-b.example", "localhost."],
    "ipv4": ["10.0.0.1"],
    "ipv6": ["::1"],
    "json-pointer": ["", "/a~0/b~1"],
    "relative-json-pointer": ["0", "1/a", "2#"],
    "regex": ["a++"],
}
INVALID = {
    "date-time": [
        *(
            "2020-01-31 10:20:30Z",
            "2020-01-31T10:20:30",
            "2020-01-31t10:20:30z",
            "2020-13-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
        ),
        *("2020-01-01T24:00:01Z", "12020-01-01T00:00:00Z", "2020-01-01T00:00:00.Z", "2020-01-01T00:00:00+18:01", ""),
    ],
    "date": ["2021-02-29", "2020-1-01", "12020-01-01"],
    "time": ["10:20Z", "25:00:00Z"],
    "uri": ["", "a", "//x/y", "http://", "http://a b", "a:", "a:\xa0", "a:%zz", "a:b#c#d", "1a:b"],
    "uri-reference": ["a b", "%", "@:x", "//"],
    "uri-template": ["http://a/{b"],
    "email": ["a@b", "a b@c.de", "@c.de"],
    "hostname": ["a_b", "-a", "a..b", "1.1", ""],
    "ipv4": ["10.0.0", "10.0.0.256", "01.0.0.1"],
    "ipv6": ["1", "10.0.0.1"],
    "json-pointer": ["a", "#/a", "/~2"],
    "relative-json-pointer": ["", "01", "/a"],
    "regex": ["("],
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name: str) -> None:
    """A format accepts what Java's classes accept, and refuses the rest; dates, times and URIs were run in Java 17."""
    assert [text for text in VALID[name] if not FORMATS[name](text)] == []
    assert [text for text in INVALID[name] if FORMATS[name](text)] == []
