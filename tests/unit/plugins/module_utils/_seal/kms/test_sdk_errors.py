# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore raises, in our words. The texts of causes are those of urllib3, OpenSSL and the resolver."""

from __future__ import annotations

import pytest
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.errors import KmsError, SettingError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.answers import AnswerError, MissingFieldError, OtherKeyError
from ansible_collections.sealwright.vault_seal.plugins.module_utils._seal.kms.sdk_errors import Request, is_lasting, to_error
from botocore import exceptions
from botocore.parsers import ResponseParserError

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
WHERE = "in region us-east-1 at https://kms.example"
ASKED = Request("AWS KMS", "DescribeKey", WHERE, KEY, "vault")
URL = "https://kms.example"
UNREACHABLE = f"AWS KMS cannot be reached {WHERE}: "
NOT_KMS = f"The response {WHERE} does not come from AWS KMS"

WAY = "Check the endpoint's name and port, DNS, the route and the proxy."
DNS = "Check the endpoint's name, the region and DNS; the name of a VPC endpoint can be resolved only in its VPC."
SLOW = "Check the route, firewall, security group and VPC endpoint, or increase the option timeout."
SOURCE = "Check the source of the credentials in the AWS configuration."
TLS = "Check ca_bundle or AWS_CA_BUNDLE, the proxy, and that the endpoint supports TLS with this name."
NOT_AWS = "Check the endpoint and the proxy."
GIVE_THEM = (
    "Set access_key and secret_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, or use an instance profile, "
    "a container role or a web identity."
)
PROXY = "Check the proxy's address, login and rules."
REGION = "Check the region's name."


def error_of(kind, **facts):
    return getattr(exceptions, kind)(**facts)


def described(error, asked=ASKED):
    failed = to_error(error, asked)
    assert isinstance(failed, KmsError)
    assert failed.details == {"operation": asked.operation}
    return failed.message, failed.reason, failed.remedy


@pytest.mark.parametrize(
    ("error", "message", "reason", "remedy"),
    [
        (error_of("NoCredentialsError"), "No AWS credentials were found.", "no_credentials", GIVE_THEM),
        (
            error_of("PartialCredentialsError", provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "The AWS credentials from environment variable AWS_ACCESS_KEY_ID are incomplete: AWS_SECRET_ACCESS_KEY is missing.",
            "incomplete_credentials",
            "Set both, or neither.",
        ),
        (
            error_of("CredentialRetrievalError", provider="assume-role", error_msg="it failed"),
            "The AWS credentials could not be retrieved from the role of profile vault: it failed.", "no_credentials", SOURCE,
        ),
        (
            error_of("CredentialRetrievalError", provider="a method to come", error_msg="it failed. "),
            "The AWS credentials could not be retrieved from a method to come: it failed.", "no_credentials", SOURCE,
        ),
        (
            error_of("CredentialRetrievalError", provider="custom-process", error_msg="a secret"),
            "The AWS credentials could not be retrieved from the credential process of profile vault.", "no_credentials", SOURCE,
        ),
        (
            error_of(
                "CredentialRetrievalError", provider="container-role",
                error_msg="Error retrieving metadata: Received non 200 response 403 from container metadata: a secret\nbody",
            ),
            "The AWS credentials could not be retrieved from the container's credentials endpoint: Received non 200 response 403 from container metadata.",
            "no_credentials", SOURCE,
        ),
        (
            error_of("MetadataRetrievalError", error_msg="Received error when attempting to retrieve container metadata: timed out"),
            "The AWS credentials could not be retrieved: timed out.", "no_credentials", SOURCE,
        ),
        (
            error_of("InvalidIMDSEndpointError", endpoint="http://["),
            "The metadata service's endpoint http://[ is not a URL.", "invalid_option", "Correct AWS_EC2_METADATA_SERVICE_ENDPOINT.",
        ),
        (
            error_of("UnauthorizedSSOTokenError"),
            "The AWS IAM Identity Center session has expired.", "expired_credentials", "Log in again (aws sso login).",
        ),
        (
            error_of("SSOTokenLoadError", error_msg="m"), "No AWS IAM Identity Center session exists.", "no_credentials", "Log in (aws sso login).",
        ),
        (
            error_of("TokenRetrievalError", provider="sso", error_msg="m"),
            "The AWS token could not be retrieved from AWS IAM Identity Center by profile vault.", "no_credentials", SOURCE,
        ),
        (error_of("InvalidConfigError", error_msg="It is odd."), "The AWS configuration is invalid: It is odd.", "no_credentials", SOURCE),
        (error_of("ConfigParseError", path="/c", error="e"), "The AWS configuration file /c cannot be read.", "no_credentials", "Correct the file."),
        (error_of("ConfigNotFound", path="/c"), "The AWS configuration file /c does not exist.", "no_credentials", "Check the path."),
        (
            error_of("InfiniteLoopConfigError", source_profile="a", visited_profiles=["a"]),
            "The AWS profile a refers to itself.", "no_credentials", SOURCE,
        ),
        (
            error_of("UnknownCredentialError", name="Moon"),
            "The AWS configuration names an unknown credential source, Moon.", "no_credentials", SOURCE,
        ),
        (error_of("InvalidProxiesConfigError", error="e"), "The proxy settings are invalid.", "invalid_option", "Correct the proxy's URL."),
        (error_of("ConnectTimeoutError", endpoint_url=URL, error="e"), f"{UNREACHABLE}the connection timed out.", "timed_out", SLOW),
        (error_of("ReadTimeoutError", endpoint_url=URL, error="e"), f"{UNREACHABLE}the response timed out.", "timed_out", SLOW),
        (
            error_of("ConnectionClosedError", endpoint_url=URL, error="e"),
            f"{UNREACHABLE}the connection was closed without a response.", "unreachable", WAY,
        ),
        (error_of("HTTPClientError", error="refused"), f"{UNREACHABLE}the connection was refused.", "unreachable", WAY),
        (error_of("IncompleteReadError", actual_bytes=1, expected_bytes=2), f"{UNREACHABLE}the response is incomplete.", "unreachable", WAY),
        (error_of("InvalidRegionError", region_name="a_b"), "'a_b' is not a valid AWS region name.", "no_region", REGION),
        (error_of("NoRegionError"), "No AWS region is set.", "no_region", "Set the option region, or AWS_REGION."),
        (error_of("UnknownEndpointError", service_name="kms", region_name="r"), "AWS KMS has no endpoint in this region.", "no_region", REGION),
        (
            error_of("EndpointProviderError", msg="FIPS is not there"), "AWS KMS has no endpoint in this region: FIPS is not there.", "no_region", REGION,
        ),
        (
            error_of("ParamValidationError", report="Invalid length"),
            "The request is invalid: Parameter validation failed: Invalid length.", "invalid_request", "Check the options against the message.",
        ),
        (ResponseParserError("a page"), f"{NOT_KMS}.", "wrong_endpoint", NOT_AWS),
        (MissingFieldError("KeyId is missing"), f"{NOT_KMS}.", "wrong_endpoint", NOT_AWS),
        (AnswerError("KeyId is not a text"), f"{NOT_KMS}: invalid response to DescribeKey: KeyId is not a text.", "wrong_endpoint", NOT_AWS),
        (
            OtherKeyError(asked="alias/a", answered=KEY),
            f"AWS KMS returned the key {KEY} instead of the requested key alias/a (DescribeKey {WHERE}).", "wrong_key", NOT_AWS,
        ),
        (error_of("DataNotFoundError", data_path="kms"), "The AWS SDK failed: Unable to load data for: kms.", "aws_error", "See the message."),
    ],
)
def test_errors_of_the_sdk(error, message, reason, remedy):
    assert described(error) == (message, reason, remedy)


@pytest.mark.parametrize(
    ("cause", "text", "remedy"),
    [
        ("[Errno 111] Connection refused", "the connection was refused", WAY),
        ("Failed to resolve 'kms.example' ([Errno -2] Name or service not known)", "its name cannot be resolved", DNS),
        ("Failed to resolve 'kms.example'", "its name cannot be resolved", DNS),
        ("[Errno -2] Name or service not known", "its name cannot be resolved", DNS),
        ("[Errno 8] nodename nor servname provided", "its name cannot be resolved", DNS),
        ("getaddrinfo failed", "its name cannot be resolved", DNS),
        ("[Errno 101] Network is unreachable", "there is no route to it", WAY),
        ("[Errno 113] No route to host", "there is no route to it", WAY),
        ("something else", "the connection failed", WAY),
    ],
)
def test_why_there_is_no_connection(cause, text, remedy):
    assert described(error_of("EndpointConnectionError", endpoint_url=URL, error=cause)) == (f"{UNREACHABLE}{text}.", "unreachable", remedy)


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1000)",
            "certificate verify failed: self-signed certificate",
        ),
        ("('x', [SSL] record layer failure (_ssl.c:1))", "record layer failure"),
        ("[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found (_ssl.c:1)", "no certificate or crl found"),
        ("error: certificate verify failed (1)", "certificate verify failed"),
        ("hostname 'a' doesn't match 'b'\nmore", "hostname 'a' doesn't match 'b'"),
        ("[Errno 2] No such file or directory", "the CA bundle does not exist"),
        ("Could not find a suitable TLS CA certificate bundle, invalid path: /ca", "the CA bundle does not exist"),
        ("EOF occurred in violation of protocol", "the endpoint does not support TLS"),
    ],
)
def test_why_tls_failed(cause, text):
    error = error_of("SSLError", endpoint_url=URL, error=cause)
    assert described(error) == (f"{UNREACHABLE}TLS failed: {text}.", "tls_failed", TLS)
    assert is_lasting(error)


@pytest.mark.parametrize(
    ("proxy", "cause", "text"),
    [
        ("http://user:hush@proxy:3128", "OSError('Tunnel connection failed: 407 Proxy Authentication Required')",
         "the proxy http://proxy:3128 rejected the request (407 Proxy Authentication Required)"),
        ("http://proxy:3128", 'OSError("Tunnel connection failed: 403 Forbidden ")',
         "the proxy http://proxy:3128 rejected the request (403 Forbidden)"),
        ("https://proxy", "[Errno 111] Connection refused", "the proxy https://proxy cannot be reached"),
        ("proxy", "[Errno 111] Connection refused", "the proxy that is set cannot be reached"),
        ("http://user:hush@", "x", "the proxy that is set cannot be reached"),
    ],
)
def test_a_proxy_that_does_not_help(proxy, cause, text):
    error = error_of("ProxyConnectionError", proxy_url=proxy, error=cause)
    assert described(error) == (f"{UNREACHABLE}{text}.", "unreachable", PROXY)
    assert is_lasting(error) is ("Tunnel" in cause)


def test_what_passes_is_not_lasting():
    assert is_lasting(error_of("EndpointConnectionError", endpoint_url=URL, error="Tunnel connection failed: 407")) is False
    assert is_lasting(ValueError()) is False


def test_facts_that_an_error_does_not_have_are_unknown():
    class ConfigParseError(Exception):
        """Without kwargs."""

    assert described(ConfigParseError())[0] == "The AWS configuration file unknown cannot be read."

    class ProxyConnectionError(Exception):
        """Without kwargs."""

    assert described(ProxyConnectionError())[0] == f"{UNREACHABLE}the proxy that is set cannot be reached."

    class PartialCredentialsError(Exception):
        """Without kwargs."""

    assert described(PartialCredentialsError())[0] == "The AWS credentials from  are incomplete: unknown is missing."


def test_the_kind_nearest_to_the_error_counts():
    class Nearer(exceptions.ReadTimeoutError):
        """A kind that a later release may bring."""

    assert described(Nearer(endpoint_url=URL))[1] == "timed_out"


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), Exception("x")])
def test_what_is_not_the_sdks(error):
    assert to_error(error, ASKED) is None


@pytest.mark.parametrize("error", [KmsError("m", reason="r"), SettingError("m", reason="r")])
def test_what_is_in_our_words_already(error):
    assert to_error(error, ASKED) is error


def test_the_request_has_a_default_key_and_profile():
    asked = Request("AWS STS", "AssumeRole", WHERE)
    assert asked == ("AWS STS", "AssumeRole", WHERE, "", "default")
    assert described(error_of("CredentialRetrievalError", provider="config-file", error_msg="m"), asked)[0] == (
        "The AWS credentials could not be retrieved from profile default of the AWS config file: m."
    )


# The length and the form of a text that is not ours


@pytest.mark.parametrize(("length", "shown"), [(300, 300), (301, 297), (9000, 297)])
def test_a_long_text_is_cut(length, shown):
    assert described(error_of("InvalidConfigError", error_msg="x" * length))[0] == f"The AWS configuration is invalid: {'x' * shown}."


def test_a_text_on_one_line_without_addresses():
    assert described(error_of("InvalidConfigError", error_msg="It is X."))[0] == "The AWS configuration is invalid: It is X."
    text = "one\n  two <urllib3.HTTPConnection object at 0x7f00ab>: three <a object at 0xf> four."
    assert described(error_of("InvalidConfigError", error_msg=text))[0] == "The AWS configuration is invalid: one two three four."


def test_a_fact_of_any_length_gives_a_message_of_a_bounded_one():
    assert len(described(error_of("ConfigNotFound", path="x" * 9000))[0]) == 8192 + len(".")


# What AWS refuses


def refused(error, operation="Encrypt", asked=ASKED, answer=None):
    failed = to_error(exceptions.ClientError({"Error": error} if answer is None else answer, operation), asked)
    assert isinstance(failed, KmsError)
    return failed.message, failed.reason, failed.remedy, failed.details


def details(code, message="", operation="Encrypt"):
    return {"operation": "DescribeKey", "aws_code": code, "aws_message": message, "aws_operation": operation}


NOT_FOUND = "Check the key ID or alias, the account and the region: KMS searches for it in this region only."


def test_a_refusal():
    assert refused({"Code": "NotFoundException", "Message": "Key is not found. "}) == (
        f"AWS rejected Encrypt with key {KEY} {WHERE}: NotFoundException: Key is not found.",
        "not_found", NOT_FOUND, details("NotFoundException", "Key is not found. "),
    )
    assert refused({"Code": "NotFoundException"}, asked=ASKED._replace(key_id="")) == (
        f"AWS rejected Encrypt {WHERE}: NotFoundException.", "not_found", NOT_FOUND, details("NotFoundException")
    )
    assert refused({"Code": "Odd", "Message": "Look at region X."})[0].endswith(": Odd: Look at region X.")
    assert refused({"Code": "Odd", "Message": "."})[:2] == (f"AWS rejected Encrypt with key {KEY} {WHERE}: Odd: .", "aws_error")


def test_the_statement_of_a_denial_names_the_services_action_and_the_key():
    assert f'{{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "{KEY}"}}' in refused({"Code": "AccessDeniedException"})[2]
    sts = Request("AWS STS", "AssumeRole", WHERE)
    assert '{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "ROLE-ARN"}' in refused({"Code": "AccessDenied"}, "AssumeRole", sts)[2]


@pytest.mark.parametrize(
    ("code", "message", "reason", "remedy"),
    [
        ("404", f"{NOT_KMS}: HTTP status 404 (Not Found).", "wrong_endpoint", NOT_AWS),
        ("799", f"{NOT_KMS}: HTTP status 799.", "wrong_endpoint", NOT_AWS),
        ("", f"{NOT_KMS}: an error without a code.", "wrong_endpoint", NOT_AWS),
        (
            "502", f"{UNREACHABLE}the response is HTTP status 502 (Bad Gateway).", "unreachable",
            "The response does not come from KMS; check the proxy and the endpoint.",
        ),
        (
            "500", f"{UNREACHABLE}the response is HTTP status 500 (Internal Server Error).", "kms_internal",
            "Try again; if the problem persists, check the AWS Health Dashboard.",
        ),
    ],
)
def test_a_status_without_an_error_of_aws(code, message, reason, remedy):
    assert refused({"Code": code, "Message": "<html>a page</html>"}) == (message, reason, remedy, details(code))


@pytest.mark.parametrize("answer", [{}, {"Error": {}}])
def test_a_refusal_without_anything(answer):
    assert refused(None, answer=answer) == (f"{NOT_KMS}: an error without a code.", "wrong_endpoint", NOT_AWS, details(""))


def test_a_refusal_of_any_length_gives_texts_of_a_bounded_one():
    message, reason, _remedy, facts = refused({"Code": "c" * 201, "Message": "m" * 8193})
    assert facts == details("c" * 200, "m" * 8192)
    assert (message, reason) == (f"AWS rejected Encrypt with key {KEY} {WHERE}: {'c' * 200}: {'m' * 8192}.", "aws_error")


def test_a_code_and_a_message_that_are_no_text():
    assert refused({"Code": 404, "Message": None})[0] == f"{NOT_KMS}: HTTP status 404 (Not Found)."
    assert refused({"Code": "Odd", "Message": 5})[3] == details("Odd", "5")


def test_a_refusal_that_names_no_operation_is_of_the_one_that_was_asked():
    class ClientError(Exception):
        response = {"Error": {"Code": "NotFoundException", "Message": "m"}}

    error = to_error(ClientError(), ASKED)
    assert error.message == f"AWS rejected DescribeKey with key {KEY} {WHERE}: NotFoundException: m."
    assert error.details == details("NotFoundException", "m", "DescribeKey")


def test_a_refusal_without_an_answer_is_not_known():
    class ClientError(Exception):
        pass

    assert to_error(ClientError(), ASKED) is None

    class Other(Exception):
        response = {"Error": {"Code": "NotFoundException"}}

    assert to_error(Other(), ASKED) is None
