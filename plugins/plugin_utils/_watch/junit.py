# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A watch as JUnit XML, which AWX and CI servers show: one test case for each check of each host."""

from __future__ import annotations

from xml.etree import ElementTree

from .model import CRITICAL, OK, UNKNOWN, HostReport


def junit_xml(hosts: tuple[HostReport, ...], others: tuple[str, ...] = ()) -> str:
    """A critical finding or a warning is a failure, and what is unknown is an error.

    :param others: messages that do not concern a host.
    """
    root = ElementTree.Element("testsuites", name="seal_watch")
    for report in hosts:
        checks = dict.fromkeys([*report.up, *(finding.check for finding in report.findings)])
        suite = _suite(root, report.host, len(checks))
        for check in checks:
            _case(suite, report, check)
        _count(suite)
    if others:
        suite = _suite(root, "watch", len(others))
        for text in others:
            case = ElementTree.SubElement(suite, "testcase", classname="watch", name="state")
            ElementTree.SubElement(case, "error", message=text, type=UNKNOWN)
        _count(suite)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _suite(root: ElementTree.Element, name: str, tests: int) -> ElementTree.Element:
    return ElementTree.SubElement(root, "testsuite", name=name, tests=str(tests))


def _case(suite: ElementTree.Element, report: HostReport, check: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=report.host, name=check)
    findings = [finding for finding in report.findings if finding.check == check]
    verdict = report.verdict(check)
    if verdict == OK and report.up.get(check, True):
        return
    lines = [f"{finding.severity} {finding.reason}: {finding.msg} {finding.remedy}".rstrip() for finding in findings] or ["The check has no result."]
    kind = "error" if verdict in (UNKNOWN, OK) else "failure"
    element = ElementTree.SubElement(case, kind, message=lines[0], type=findings[0].reason if findings else "not_checked")
    element.text = "\n".join(lines)
    element.set("severity", CRITICAL if verdict == CRITICAL else verdict)


def _count(suite: ElementTree.Element) -> None:
    for name in ("failure", "error"):
        suite.set(f"{name}s", str(len(suite.findall(f"testcase/{name}"))))
