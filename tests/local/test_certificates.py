"""The stack's certificates are kept while they hold, and made anew when they don't."""

import datetime as dt

from local.certificates import ensure_certificates

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def test_certificates_that_hold_are_kept(tmp_path):
    ensure_certificates(tmp_path, NOW)
    first = (tmp_path / "tls" / "server.pem").read_bytes()
    ensure_certificates(tmp_path, NOW + dt.timedelta(days=30))
    assert (tmp_path / "tls" / "server.pem").read_bytes() == first


def test_certificates_about_to_end_or_not_valid_yet_are_made_anew(tmp_path):
    ensure_certificates(tmp_path, NOW)
    first = (tmp_path / "tls" / "server.pem").read_bytes()
    for now in (NOW + dt.timedelta(days=360), NOW - dt.timedelta(days=2)):
        ensure_certificates(tmp_path, now)
        assert (tmp_path / "tls" / "server.pem").read_bytes() != first
        first = (tmp_path / "tls" / "server.pem").read_bytes()
