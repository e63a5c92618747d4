"""The server's TLS: its certificate, and whose clients it lets in; read again when files change."""

from __future__ import annotations

import ssl

import grpc

from rashpath.service.file_watch import FileWatch
from rashpath.service.log import Log
from rashpath.service.settings import Settings, SettingsError


class Certificates:
    """The TLS files of a server.

    Args:
        settings: with a certificate and its key.

    Raises:
        SettingsError: a file holds no certificate or key, or they do not belong together.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        paths = (settings.tls_certificate_file, settings.tls_key_file, settings.tls_client_ca_file)
        self._watch = FileWatch(path for path in paths if path is not None)
        self._first = _configuration(settings)
        self._next: grpc.ServerCertificateConfiguration | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Returns credentials that take over what the files hold by the next handshake.

        With a client CA, only clients with a certificate that it signed are let in.
        """
        return grpc.dynamic_ssl_server_credentials(
            self._first,
            self._fetch,  # type: ignore[arg-type] # the stub forgets that None means no change
            require_client_authentication=self._settings.tls_client_ca_file is not None,
        )

    def look_at_files(self, log: Log) -> None:
        """Reads files that changed; faulty ones are told and change nothing."""
        if not self._watch.changed():
            return
        try:
            self._next = _configuration(self._settings)
        except SettingsError as error:
            log.error(
                "a changed file is faulty; what was read before still holds",
                problems=list(error.problems),
            )
        else:
            log.info("the TLS files were read again")

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Gives grpc, in one of its threads, what is to hold from now on; None: no change."""
        configuration, self._next = self._next, None
        return configuration


def server_certificates(settings: Settings) -> Certificates | None:
    """Returns the TLS files that the settings name, or None for plain text.

    Raises:
        SettingsError: as :class:`Certificates`.
    """
    return None if settings.tls_certificate_file is None else Certificates(settings)


def _configuration(settings: Settings) -> grpc.ServerCertificateConfiguration:
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    assert certificate is not None  # settings have both or none
    assert key is not None
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
    return grpc.ssl_server_certificate_configuration(
        [(key.read_bytes(), certificate.read_bytes())], root_certificates=client_ca
    )


def _no_password() -> str:
    raise ValueError("the key is encrypted")
