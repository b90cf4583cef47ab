"""The functions of the settings, as a server has them. If these fail, a server starts with a function that it cannot
ask, and customers are the first to find out."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.endpoints import Authority, Service, answer_of
from trunkcall.compose.functions import flow_functions
from trunkcall.compose.submission import scope_of
from trunkcall.domain.errors import SettingsError
from trunkcall.service.functions import UNKNOWN, Outcome
from trunkcall.settings import Settings, load_settings

SECRET = "whsec_" + "MTIz" * 8


def settings(folder: Path, url: str, **keys: str) -> Settings:
    given = {"function": "look-up", "url": url, "secret_file": str(folder / "secret"), **keys}
    file = folder / "trunkcall.toml"
    file.write_text("[[functions]]\n" + "".join(f'{name} = "{value}"\n' for name, value in given.items()))
    return load_settings(environment={}, config_file=file)


async def test_a_function_of_the_settings_is_asked_with_the_secret_and_by_the_certificates_that_they_name(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "secret").write_text(SECRET)
    service = await Service(authority.server_context()).open()
    made = settings(tmp_path, service.url, ca_file=str(authority.ca_file))

    elsewhere = flow_functions(made, scope_of(made)).elsewhere
    try:
        assert await answer_of(elsewhere) == {"tier": "gold"}
        assert service.asked[0][0]["webhook-signature"].startswith("v1,")
    finally:
        await elsewhere.close()
        await service.close()


async def test_on_this_machine_plain_http_will_do(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    service = await Service(None).open()
    made = settings(tmp_path, service.url)

    elsewhere = flow_functions(made, scope_of(made)).elsewhere
    try:
        assert await answer_of(elsewhere) == {"tier": "gold"}
    finally:
        await elsewhere.close()
        await service.close()


async def test_without_functions_nobody_answers_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    made = load_settings(environment={})
    functions = flow_functions(made, scope_of(made))
    for _ in range(3):
        assert await answer_of(functions.elsewhere) is None
    assert functions.elsewhere.trouble is None
    assert functions.totals.asked == {(UNKNOWN, Outcome.UNKNOWN): 3}
    assert [each.getMessage() for each in caplog.records] == ["a flow asks a function that the settings do not have"]
    await functions.elsewhere.close()


@pytest.mark.parametrize(
    ("secret", "ca", "complaint"),
    [
        (None, "", "secret_file .* cannot be read"),
        ("", "", "secret_file .* is empty: it must hold the secret"),
        ("hush", "", "The secret in secret_file .* must be whsec_"),
        (SECRET, "missing.pem", "ca_file .* cannot be used"),
        (SECRET, "secret", "ca_file .* cannot be used"),
    ],
)
async def test_a_server_does_not_start_with_a_function_that_it_cannot_ask(
    tmp_path: Path, secret: str | None, ca: str, complaint: str
) -> None:
    if secret is not None:
        (tmp_path / "secret").write_text(secret)
    made = settings(tmp_path, "https://crm.example.com/", **({"ca_file": str(tmp_path / ca)} if ca else {}))
    with pytest.raises(SettingsError, match=complaint):
        flow_functions(made, scope_of(made))
