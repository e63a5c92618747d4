"""The server's TLS: its certificate, and whose clients it lets in."""

from __future__ import annotations

import ssl

import grpc

from rashpath.service.settings import Settings, SettingsError


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """Returns the credentials that the settings ask for, or None for plain text.

    With a client CA, only clients with a certificate that it signed are let in.

    Raises:
        SettingsError: a file holds no certificate or key, or they do not belong together.
    """
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    if certificate is None or key is None:
        return None
    # grpc says nothing about a faulty file but that the port cannot be bound: look first.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError, OSError):
        raise SettingsError(
            ["`tls_certificate_file` and `tls_key_file` are not a PEM certificate and its key"]
        ) from None
    client_ca = None
    if settings.tls_client_ca_file is not None:
        try:
            context.load_verify_locations(settings.tls_client_ca_file)
        except (ssl.SSLError, OSError):
            raise SettingsError(["`tls_client_ca_file` holds no PEM certificate"]) from None
        client_ca = settings.tls_client_ca_file.read_bytes()
    return grpc.ssl_server_credentials(
        [(key.read_bytes(), certificate.read_bytes())],
        root_certificates=client_ca,
        require_client_auth=client_ca is not None,
    )


def _no_password() -> str:
    raise ValueError("the key is encrypted")
