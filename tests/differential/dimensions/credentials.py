# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose credentials the server finds, and where. Two principals in one combination show which place wins."""

from __future__ import annotations

from ..part import Part


def _pair(who: str) -> dict[str, str]:
    return {"aws_access_key_id": f"{{{who}_access}}", "aws_secret_access_key": f"{{{who}_secret}}"}


def _variables(who: str) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": f"{{{who}_access}}", "AWS_SECRET_ACCESS_KEY": f"{{{who}_secret}}"}


def _stanza(who: str) -> dict[str, str]:
    return {"access_key": f"{{{who}_access}}", "secret_key": f"{{{who}_secret}}"}


_SESSION = {"AWS_ACCESS_KEY_ID": "{session_access_key}", "AWS_SECRET_ACCESS_KEY": "{session_secret_key}"}
_TOKEN = "{session_session_token}"
_METADATA = {"AWS_EC2_METADATA_DISABLED": None}
_WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": "{role_arn}"}
_PROCESS = '#!/bin/sh\necho \'{"Version":1,"AccessKeyId":"{full_access}","SecretAccessKey":"{full_secret}"}\'\n'

CREDENTIALS = {
    "variables": Part(environment=_variables("full")),
    "no-describe": Part(environment=_variables("no-describe")),
    "no-encrypt": Part(environment=_variables("no-encrypt")),
    "no-decrypt": Part(environment=_variables("no-decrypt")),
    "nothing-allowed": Part(environment=_variables("nothing")),
    "wrong-secret": Part(environment={**_variables("full"), "AWS_SECRET_ACCESS_KEY": "wrong"}),
    "unknown-access-key": Part(environment={**_variables("full"), "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}),
    "old-variables": Part(environment={"AWS_ACCESS_KEY": "{full_access}", "AWS_SECRET_KEY": "{full_secret}"}),
    "old-and-new-variables": Part(environment={**_variables("full"), "AWS_ACCESS_KEY": "{other_access}", "AWS_SECRET_KEY": "{other_secret}"}),
    "mixed-variables": Part(environment={"AWS_ACCESS_KEY_ID": "{full_access}", "AWS_SECRET_KEY": "{full_secret}"}),
    "access-key-alone": Part(environment={"AWS_ACCESS_KEY_ID": "{full_access}"}, credentials={"default": _pair("other")}),
    "empty-variables": Part(environment={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, credentials={"default": _pair("other")}),
    "session": Part(environment={**_SESSION, "AWS_SESSION_TOKEN": _TOKEN}),
    "session-without-token": Part(environment=_SESSION),
    "session-with-old-token": Part(environment={**_SESSION, "AWS_SECURITY_TOKEN": _TOKEN}),
    "expiry-that-is-past": Part(environment={**_SESSION, "AWS_SESSION_TOKEN": _TOKEN, "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z"}),
    "stanza": Part(stanza=_stanza("full")),
    "stanza-and-variables": Part(stanza=_stanza("other"), environment=_variables("full")),
    "stanza-and-weak-variables": Part(stanza=_stanza("full"), environment=_variables("nothing")),
    "half-in-stanza": Part(stanza={"access_key": "{other_access}"}, environment=_variables("full")),
    "half-in-stanza-alone": Part(stanza={"access_key": "{other_access}"}),
    "secret-in-stanza-alone": Part(stanza={"secret_key": "{other_secret}"}, environment=_variables("full")),
    "empty-in-stanza": Part(stanza={"access_key": "", "secret_key": ""}, environment=_variables("full")),
    "session-in-stanza": Part(stanza={"access_key": "{session_access_key}", "secret_key": "{session_secret_key}", "session_token": _TOKEN}),
    "token-of-the-environment": Part(stanza=_stanza("full"), environment={"AWS_SESSION_TOKEN": "wrong"}),
    "token-in-stanza-alone": Part(stanza={"session_token": "wrong"}, environment=_variables("full")),
    "references": Part(
        stanza={"access_key": "env://OWN_ACCESS", "secret_key": "file://{home}/secret"},
        environment={"OWN_ACCESS": "{full_access}"}, files={"secret": "{full_secret}"},
    ),
    "reference-with-newline": Part(stanza={"access_key": "{full_access}", "secret_key": "file://{home}/secret"}, files={"secret": "{full_secret}\n"}),
    "reference-not-set": Part(stanza={"access_key": "env://NOT_SET", "secret_key": "{full_secret}"}),
    "reference-to-no-file": Part(stanza={"access_key": "{full_access}", "secret_key": "file://{home}/none"}),
    "file": Part(credentials={"default": _pair("full")}),
    "file-and-variables": Part(credentials={"default": _pair("other")}, environment=_variables("full")),
    "file-with-session": Part(credentials={"default": {
        "aws_access_key_id": "{session_access_key}", "aws_secret_access_key": "{session_secret_key}", "aws_session_token": _TOKEN,
    }}),
    "profile": Part(credentials={"default": _pair("other"), "p": _pair("full")}, environment={"AWS_PROFILE": "p"}),
    "default-profile": Part(credentials={"default": _pair("other"), "p": _pair("full")}, environment={"AWS_DEFAULT_PROFILE": "p"}),
    "both-profiles": Part(
        credentials={"p": _pair("full"), "q": _pair("other")}, environment={"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "q"}
    ),
    "profile-in-stanza": Part(stanza={"shared_creds_profile": "p"}, credentials={"default": _pair("other"), "p": _pair("full")}),
    "profile-in-stanza-and-variable": Part(
        stanza={"shared_creds_profile": "p"}, credentials={"p": _pair("full"), "q": _pair("other")}, environment={"AWS_PROFILE": "q"}
    ),
    "profile-in-stanza-and-variables": Part(stanza={"shared_creds_profile": "p"}, credentials={"p": _pair("other")}, environment=_variables("full")),
    "missing-profile-in-stanza": Part(stanza={"shared_creds_profile": "gone"}, environment=_variables("full")),
    "missing-profile": Part(credentials={"default": _pair("full")}, environment={"AWS_PROFILE": "gone"}),
    "file-in-stanza": Part(
        stanza={"shared_creds_filename": "{home}/elsewhere"}, credentials={"default": _pair("other")},
        files={"elsewhere": "[default]\naws_access_key_id = {full_access}\naws_secret_access_key = {full_secret}\n"},
    ),
    "file-by-variable": Part(
        environment={"AWS_SHARED_CREDENTIALS_FILE": "{home}/elsewhere"}, credentials={"default": _pair("other")},
        files={"elsewhere": "[default]\naws_access_key_id = {full_access}\naws_secret_access_key = {full_secret}\n"},
    ),
    "file-by-variable-missing": Part(environment={"AWS_SHARED_CREDENTIALS_FILE": "{home}/none"}, credentials={"default": _pair("full")}),
    "profile-with-the-word": Part(credentials={"profile p": _pair("full")}, environment={"AWS_PROFILE": "p"}),
    "half-in-file": Part(credentials={"default": {"aws_access_key_id": "{full_access}"}}),
    "upper-case-in-file": Part(credentials={"default": {"AWS_ACCESS_KEY_ID": "{full_access}", "AWS_SECRET_ACCESS_KEY": "{full_secret}"}}),
    "quotes-in-file": Part(credentials={"default": {"aws_access_key_id": '"{full_access}"', "aws_secret_access_key": '"{full_secret}"'}}),
    "comment-in-file": Part(credentials={"default": {**_pair("full"), "aws_secret_access_key": "{full_secret} # old"}}),
    "keys-in-config-file": Part(config={"default": _pair("full")}),
    "profile-in-config-file": Part(config={"profile p": _pair("full")}, environment={"AWS_PROFILE": "p"}),
    "keys-in-config-file-loaded": Part(config={"default": _pair("full")}, environment={"AWS_SDK_LOAD_CONFIG": "1"}),
    "keys-in-both-files": Part(config={"default": _pair("other")}, credentials={"default": _pair("full")}),
    "process": Part(config={"default": {"credential_process": "{home}/process"}}, files={"process": _PROCESS}),
    "process-in-credentials-file": Part(credentials={"default": {"credential_process": "{home}/process"}}, files={"process": _PROCESS}),
    "process-loaded": Part(
        config={"default": {"credential_process": "{home}/process"}}, files={"process": _PROCESS}, environment={"AWS_SDK_LOAD_CONFIG": "1"}
    ),
    "source-profile": Part(
        config={"profile p": {"role_arn": "{role_arn}", "source_profile": "default"}}, credentials={"default": _pair("full")},
        environment={"AWS_PROFILE": "p"},
    ),
    "source-profile-loaded": Part(
        config={"profile p": {"role_arn": "{role_arn}", "source_profile": "default"}}, credentials={"default": _pair("full")},
        environment={"AWS_PROFILE": "p", "AWS_SDK_LOAD_CONFIG": "1"},
    ),
    "source-profile-in-credentials-file": Part(
        credentials={"default": _pair("full"), "p": {"role_arn": "{role_arn}", "source_profile": "default"}}, environment={"AWS_PROFILE": "p"},
    ),
    "source-profile-of-itself": Part(
        config={"profile p": {"role_arn": "{role_arn}", "source_profile": "p"}}, environment={**_variables("full"), "AWS_PROFILE": "p", "AWS_SDK_LOAD_CONFIG": "1"},
    ),
    "sign-on": Part(config={"default": {
        "sso_start_url": "https://example.awsapps.com/start", "sso_region": "us-east-1", "sso_account_id": "111122223333", "sso_role_name": "r",
    }}),
    "broken-credentials-file": Part(environment=_variables("full"), files={".aws/credentials": "[default\naws_access_key_id = x\n"}),
    "broken-credentials-file-alone": Part(files={".aws/credentials": "[default\naws_access_key_id = x\n"}),
    "instance": Part(environment=_METADATA),
    "instance-and-file": Part(environment=_METADATA, credentials={"default": _pair("full")}),
    "container": Part(environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{container}"}),
    "container-dead": Part(environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{dead}/credentials"}),
    "web-identity": Part(environment=_WEB, files={"token": "a-token"}),
    "web-identity-and-variables": Part(environment={**_WEB, **_variables("full")}, files={"token": "a-token"}),
    "web-identity-and-file": Part(environment=_WEB, files={"token": "a-token"}, credentials={"default": _pair("full")}),
    "web-identity-without-token": Part(environment=_WEB),
    "web-identity-without-token-and-file": Part(environment=_WEB, credentials={"default": _pair("full")}),
    "web-identity-in-stanza": Part(
        stanza={"role_arn": "{role_arn}", "web_identity_token_file": "{home}/token", "role_session_name": "s"}, files={"token": "a-token"}
    ),
    "role-variable-alone": Part(environment={"AWS_ROLE_ARN": "{role_arn}", **_variables("full")}),
    "role-in-stanza": Part(stanza={"role_arn": "{role_arn}"}, environment=_variables("full")),
    "role-and-keys-in-stanza": Part(stanza={"role_arn": "{role_arn}", "role_session_name": "s", **_stanza("full")}),
    "weak-role-in-stanza": Part(stanza={"role_arn": "{weak-role_arn}", "role_session_name": "s"}, environment=_variables("full")),
    "missing-role-in-stanza": Part(
        stanza={"role_arn": "arn:aws:iam::123456789012:role/none", "role_session_name": "s"}, environment=_variables("full")
    ),
    "external-id-in-stanza": Part(stanza={"role_arn": "{role_arn}", "role_external_id": "x"}, environment=_variables("full")),
    "none": Part(),
    "blank-in-variable": Part(environment={**_variables("full"), "AWS_ACCESS_KEY_ID": "{full_access} "}),
    "blank-in-secret": Part(environment={**_variables("full"), "AWS_SECRET_ACCESS_KEY": "{full_secret} "}),
    "line-break-in-secret": Part(environment={**_variables("full"), "AWS_SECRET_ACCESS_KEY": "{full_secret}\n"}),
    "quotes-in-variable": Part(environment={**_variables("full"), "AWS_SECRET_ACCESS_KEY": "'{full_secret}'"}),
    "empty-token": Part(environment={**_variables("full"), "AWS_SESSION_TOKEN": ""}),
    "blank-token": Part(environment={**_variables("full"), "AWS_SESSION_TOKEN": " "}),
    "tabulator-as-token": Part(environment={**_variables("full"), "AWS_SESSION_TOKEN": "\t"}),
    "line-break-as-token": Part(environment={**_variables("full"), "AWS_SESSION_TOKEN": "\n"}),
    "blank-token-in-stanza": Part(stanza={**_stanza("full"), "session_token": " "}),
    "blanks-around-token": Part(environment={**_SESSION, "AWS_SESSION_TOKEN": f" {_TOKEN} "}),
    "line-break-after-token": Part(environment={**_SESSION, "AWS_SESSION_TOKEN": f"{_TOKEN}\n"}),
    "wrong-token": Part(environment={**_variables("full"), "AWS_SESSION_TOKEN": "wrong"}),
    "empty-and-old-variables": Part(
        environment={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY": "{full_access}", "AWS_SECRET_KEY": "{full_secret}"},
    ),
    "folder-as-file": Part(environment={"AWS_SHARED_CREDENTIALS_FILE": "{home}"}),
    "tilde-in-variable": Part(environment={"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}, credentials={"default": _pair("full")}),
    "relative-file": Part(environment={"AWS_SHARED_CREDENTIALS_FILE": ".aws/credentials"}, credentials={"default": _pair("full")}),
    "mark-in-file": Part(files={".aws/credentials": "\ufeff[default]\naws_access_key_id = {full_access}\naws_secret_access_key = {full_secret}\n"}),
    "carriage-returns-in-file": Part(
        files={".aws/credentials": "[default]\r\naws_access_key_id = {full_access}\r\naws_secret_access_key = {full_secret}\r\n"},
    ),
    "no-section": Part(files={".aws/credentials": "aws_access_key_id = {full_access}\naws_secret_access_key = {full_secret}\n"}),
    "section-twice": Part(files={".aws/credentials": (
        "[default]\naws_access_key_id = {other_access}\naws_secret_access_key = {other_secret}\n"
        "[default]\naws_access_key_id = {full_access}\naws_secret_access_key = {full_secret}\n"
    )}),
    "setting-twice": Part(files={".aws/credentials": (
        "[default]\naws_access_key_id = {other_access}\naws_access_key_id = {full_access}\naws_secret_access_key = {full_secret}\n"
    )}),
    "indented-in-file": Part(files={".aws/credentials": "[default]\n  aws_access_key_id = {full_access}\n  aws_secret_access_key = {full_secret}\n"}),
    "colons-in-file": Part(files={".aws/credentials": "[default]\naws_access_key_id: {full_access}\naws_secret_access_key: {full_secret}\n"}),
    "no-blanks-in-file": Part(files={".aws/credentials": "[default]\naws_access_key_id={full_access}\naws_secret_access_key={full_secret}"}),
    "blanks-in-section": Part(files={".aws/credentials": "[ default ]\naws_access_key_id={full_access}\naws_secret_access_key={full_secret}\n"}),
    "semicolon-in-file": Part(files={".aws/credentials": (
        "; a comment\n[default]\naws_access_key_id={full_access} ; a key\naws_secret_access_key={full_secret}\n"
    )}),
    "word-alone-in-file": Part(files={".aws/credentials": "[default]\nword\naws_access_key_id={full_access}\naws_secret_access_key={full_secret}\n"}),
    "profile-in-capitals": Part(environment={"AWS_PROFILE": "P"}, credentials={"p": _pair("full")}),
    "profile-with-blanks": Part(environment={"AWS_PROFILE": "my p"}, credentials={"my p": _pair("full")}),
    "string-references": Part(stanza={"access_key": "string://{full_access}", "secret_key": "STRING://{full_secret}"}),
    "empty-reference": Part(stanza={"access_key": "env://", "secret_key": "{full_secret}"}),
    "reference-to-empty": Part(stanza={"access_key": "env://OWN_ACCESS", "secret_key": "{full_secret}"}, environment={"OWN_ACCESS": ""}),
    "reference-to-folder": Part(stanza={"access_key": "{full_access}", "secret_key": "file://{home}"}),
    "relative-reference": Part(stanza={"access_key": "{full_access}", "secret_key": "file://secret"}, files={"secret": "{full_secret}"}),
    "unknown-reference": Part(stanza={"access_key": "{full_access}", "secret_key": "vault://secret"}),
    "container-by-relative-address": Part(environment={"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/credentials"}),
    "container-of-another-host": Part(environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/credentials"}),
}
