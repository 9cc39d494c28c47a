//! What stands in the place of a TLS server's answer.

use super::kit::{Ran, tool};
use super::{Attack, answering, check};

#[test]
fn nothing_but_tls_is_taken_for_tls() {
    check(ATTACKS, |answer| run(answer));
}

fn run(answer: &'static [u8]) -> Ran {
    let url = format!("wss://127.0.0.1:{}/", answering(answer));
    tool().args(["-w", "0", "--timeout", "20s", "-k", &url]).run()
}

const ATTACKS: &[Attack<&[u8]>] = &[
    ("nothing", b"", 3, "the server closed the connection in the middle of the handshake (use ws:// for a port without TLS)"),
    ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", 3, "the server does not speak TLS here: it sent something that is not a TLS record (use ws:// for a"),
    ("HTTP/0.9", b"<html>", 3, "the server does not speak TLS here: it sent something that is not a TLS record (use ws:// for a"),
    ("zeros", b"\0\0\0\0\0\0\0\0\0\0", 3, "the server does not speak TLS here: it sent something that is not a TLS record (use ws:// for a"),
    ("a banner of SSH", b"SSH-2.0-OpenSSH_9.2\r\n", 3, "the server does not speak TLS here: it sent something that is not a TLS record (use ws:// for a"),
    ("a banner of SMTP", b"220 mail.example ESMTP\r\n", 3, "the server does not speak TLS here: it sent something that is not a TLS record (use ws:// for a"),
    ("half a record", b"\x16\x03\x03\0\x40\x02", 3, "the server closed the connection in the middle of the handshake (use ws:// for a port without TLS)"),
    ("a record of no length", b"\x16\x03\x03\0\0", 3, "the server sent an invalid TLS message: invalid empty payload"),
    ("a record of the greatest length", b"\x16\x03\x03\xff\xff", 3, "the server does not speak TLS here: it sent something that is not a TLS record (use ws:// for a"),
    ("a record of a kind that is unknown", b"\x63\x03\x03\0\x01a", 3, "the server does not speak TLS here: it sent something that is not a TLS record (use ws:// for a"),
    ("data before the handshake", b"\x17\x03\x03\0\x05hello", 3, "the server sent a TLS message out of order: application data"),
    ("a change of cipher and no more", b"\x14\x03\x03\0\x01\x01", 3, "the server sent a TLS message out of order: change cipher spec"),
    ("a ServerHello that is cut off", b"\x16\x03\x03\0\x06\x02\0\0\x26\x03\x03", 3, "the server closed the connection in the middle of the handshake (use ws:// for a port without TLS)"),
    ("a ServerHello of zeros", b"\x16\x03\x03\0\x2a\x02\0\0\x26\x03\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 3, "the server violates the rules of TLS: selected unoffered cipher suite"),
    ("a ServerHello of SSL 3", b"\x16\x03\x00\0\x2a\x02\0\0\x26\x03\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 3, "the server supports neither TLS 1.2 nor TLS 1.3 (it may support only versions older than TLS 1.2,"),
    ("a Certificate at once", b"\x16\x03\x03\0\x07\x0b\0\0\x03\0\0\0", 3, "the server sent a handshake message out of order: certificate"),
    ("a ClientHello back", b"\x16\x03\x01\0\x04\x01\0\0\0", 3, "the server sent an invalid TLS message: missing data"),
    ("a HelloRequest", b"\x16\x03\x03\0\x04\0\0\0\0", 3, "the server sent a handshake message out of order: hello request"),
    ("an alert that is cut off", b"\x15\x03\x03\0\x02\x02", 3, "the server closed the connection in the middle of the handshake (use ws:// for a port without TLS)"),
    ("an alert of one byte", b"\x15\x03\x03\0\x01\x02", 3, "the server sent an invalid TLS message: missing data"),
    ("alert 0", b"\x15\x03\x03\0\x02\x02\x00", 3, "the server closed the connection instead of finishing the handshake (alert close_notify)"),
    ("alert 10", b"\x15\x03\x03\0\x02\x02\x0a", 3, "the server did not expect our message (alert unexpected_message)"),
    ("alert 20", b"\x15\x03\x03\0\x02\x02\x14", 3, "the server received a record that was modified in transit (alert bad_record_mac) (a proxy or a"),
    ("alert 21", b"\x15\x03\x03\0\x02\x02\x15", 3, "the server could not decrypt our record (alert decryption_failed)"),
    ("alert 22", b"\x15\x03\x03\0\x02\x02\x16", 3, "the server received a record that is too long (alert record_overflow)"),
    ("alert 30", b"\x15\x03\x03\0\x02\x02\x1e", 3, "the server could not decompress our record (alert decompression_failure)"),
    ("alert 40", b"\x15\x03\x03\0\x02\x02\x28", 3, "the server found no TLS parameters that both sides support (alert handshake_failure) (it may"),
    ("alert 41", b"\x15\x03\x03\0\x02\x02\x29", 3, "the server has no certificate to send (alert no_certificate) (use --cert FILE)"),
    ("alert 42", b"\x15\x03\x03\0\x02\x02\x2a", 3, "the server cannot use our certificate, or requires one (alert bad_certificate) (use --cert FILE)"),
    ("alert 43", b"\x15\x03\x03\0\x02\x02\x2b", 3, "the server does not support our kind of certificate (alert unsupported_certificate) (use another"),
    ("alert 44", b"\x15\x03\x03\0\x02\x02\x2c", 3, "the server says that our certificate is revoked (alert certificate_revoked) (use another"),
    ("alert 45", b"\x15\x03\x03\0\x02\x02\x2d", 3, "the server says that our certificate is not valid at this time (alert certificate_expired) (renew"),
    ("alert 46", b"\x15\x03\x03\0\x02\x02\x2e", 3, "the server does not accept our certificate (alert certificate_unknown) (use --cert FILE)"),
    ("alert 47", b"\x15\x03\x03\0\x02\x02\x2f", 3, "the server found an illegal value in our handshake (alert illegal_parameter)"),
    ("alert 48", b"\x15\x03\x03\0\x02\x02\x30", 3, "the server does not trust the authority that signed our certificate (alert unknown_ca) (use another"),
    ("alert 49", b"\x15\x03\x03\0\x02\x02\x31", 3, "the server accepts our certificate, but denies it access (alert access_denied) (use --cert FILE)"),
    ("alert 50", b"\x15\x03\x03\0\x02\x02\x32", 3, "the server could not read our handshake (alert decode_error)"),
    ("alert 51", b"\x15\x03\x03\0\x02\x02\x33", 3, "the server found a wrong signature or checksum in our handshake (alert decrypt_error) (a proxy or a"),
    ("alert 60", b"\x15\x03\x03\0\x02\x02\x3c", 3, "the server follows an obsolete rule about the export of ciphers (alert export_restriction)"),
    ("alert 70", b"\x15\x03\x03\0\x02\x02\x46", 3, "the server supports no version of TLS that was offered (TLS 1.2 and 1.3; alert protocol_version)"),
    ("alert 71", b"\x15\x03\x03\0\x02\x02\x47", 3, "the server requires stronger ciphers than were offered (alert insufficient_security) (wsprobe"),
    ("alert 80", b"\x15\x03\x03\0\x02\x02\x50", 3, "the server failed with an internal error (alert internal_error) (the server's log may say more)"),
    ("alert 86", b"\x15\x03\x03\0\x02\x02\x56", 3, "the server was offered an older version than it expects (alert inappropriate_fallback)"),
    ("alert 90", b"\x15\x03\x03\0\x02\x02\x5a", 3, "the server cancelled the handshake (alert user_canceled)"),
    ("alert 100", b"\x15\x03\x03\0\x02\x02\x64", 3, "the server does not renegotiate (alert no_renegotiation)"),
    ("alert 109", b"\x15\x03\x03\0\x02\x02\x6d", 3, "the server requires an extension that is missing in our handshake (alert missing_extension)"),
    ("alert 110", b"\x15\x03\x03\0\x02\x02\x6e", 3, "the server received an extension that it did not request (alert unsupported_extension)"),
    ("alert 111", b"\x15\x03\x03\0\x02\x02\x6f", 3, "the server could not fetch our certificate (alert certificate_unobtainable) (use --cert FILE)"),
    ("alert 112", b"\x15\x03\x03\0\x02\x02\x70", 3, "the server does not serve the name that was requested (alert unrecognized_name) (name a host that"),
    ("alert 113", b"\x15\x03\x03\0\x02\x02\x71", 3, "the server received an invalid OCSP response (alert bad_certificate_status_response)"),
    ("alert 114", b"\x15\x03\x03\0\x02\x02\x72", 3, "the server fetched a certificate that is not ours (alert bad_certificate_hash_value)"),
    ("alert 115", b"\x15\x03\x03\0\x02\x02\x73", 3, "the server does not know our pre-shared key (alert unknown_psk_identity)"),
    ("alert 116", b"\x15\x03\x03\0\x02\x02\x74", 3, "the server requires a certificate from us (alert certificate_required) (use --cert FILE)"),
    ("alert 120", b"\x15\x03\x03\0\x02\x02\x78", 3, "the server supports no protocol that was offered (ALPN `http/1.1`; alert no_application_protocol)"),
    ("alert 121", b"\x15\x03\x03\0\x02\x02\x79", 3, "the server requires an encrypted host name (ECH) (alert ech_required) (wsprobe does not support ECH)"),
    ("alert 200", b"\x15\x03\x03\0\x02\x02\xc8", 3, "the server sent an alert that TLS does not define (200)"),
    ("a warning", b"\x15\x03\x03\0\x02\x01\x70", 3, "the server closed the connection in the middle of the handshake (use ws:// for a port without TLS)"),
    ("the end of SSL 2", b"\x80\x03\0\0\x01", 3, "the server does not speak TLS here: it sent something that is not a TLS record (use ws:// for a"),
];
