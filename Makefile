# Copyright (c) 2026, the sealwright.vault_seal authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make demo` and `make test` do all their own set-up below .venv/ in this folder. `make help` lists the rest.
# ARGS goes to the tool behind a target of one step, such as: make unit ARGS="-k envelope"

PYTHON ?= python3
CHECK = $(PYTHON) -B tools/check.py

.DEFAULT_GOAL := help
.PHONY: help demo test unit lint fuzz system differential model matrix sanity integration molecule docs importer bench mutants environments pins release clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: ## seal, unseal and restore with a real server and a strict KMS; nothing leaves this machine
	@$(CHECK) demo

test: ## everything that is checked before a change lands
	@$(CHECK) all

unit: ## the unit tests on the newest Python: the inner loop
	@$(CHECK) unit -- $(ARGS)

lint: ## style, types, ansible-lint, changelog, licences
	@$(CHECK) lint

fuzz: ## fuzz the readers of foreign bytes for 20 s, or for MINUTES
	@$(CHECK) fuzz -- $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

system: ## tests with real parts: strict KMS, ansible, the server
	@$(CHECK) system -- $(ARGS)

differential: ## hundreds of settings on the real server and on the modules, which have to agree
	@$(CHECK) differential -- $(ARGS)

model: ## the procedures over a model of a cluster, in every state that faults can lead to; about half an hour
	@$(CHECK) model -- $(ARGS)

matrix: ## unit and system tests on the other supported versions
	@$(CHECK) matrix

sanity: ## ansible-test sanity, newest ansible-core and 2.16
	@$(CHECK) sanity

integration: ## ansible-test integration on this machine
	@$(CHECK) integration -- $(ARGS)

molecule: ## the roles in scenarios with real servers; a cluster of three hosts needs root
	@$(CHECK) molecule

docs: ## lint the documentation and build the site
	@$(CHECK) docs

importer: ## build the archive and check it as Galaxy does
	@$(CHECK) importer

bench: ## the figures of benchmarks/
	@$(CHECK) bench -- $(ARGS)

mutants: ## mutation tests of the domain, hours long; ARGS="wrapping/rewrap" for some files, "--survivors" in it for their survivors
	@$(CHECK) mutants -- $(ARGS)

environments: ## list the virtual environments and the Pythons that they use
	@$(PYTHON) -B tools/environments.py

pins: ## pin the requirements in tools/requirements/ anew, to the newest that fit
	@$(PYTHON) -B tools/pins.py

release: ## set VERSION in galaxy.yml and turn the changelog fragments into its entry
	@$(PYTHON) -B tools/release.py $(VERSION)

clean: ## remove everything that was made here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
