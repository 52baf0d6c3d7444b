# SPDX-License-Identifier: GPL-2.0
#
# Works from anywhere: make -C this-directory TARGET. `make help` says what there is.

# What was given to this make (-j, a jobserver, O=...) is for this make: the scripts start the kernel's make by themselves.
unexport MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
.NOTPARALLEL:
.SUFFIXES:
.DEFAULT_GOAL := help

# From the command line or the environment to the scripts.
export LINUX_SRC FORCE ALL BOARD EPF PART ROUNDS

TREE := scripts/tree/tree.py

.PHONY: help tree patches upstream clean distclean

help:
	@echo 'make tree       build/linux: Linux with what is in this repository linked and patched in'
	@echo '                LINUX_SRC=  a directory or a tarball with Linux, instead of the Debian package'
	@echo 'make patches    save what was edited in build/linux as .patch files here'
	@echo '                ALL=1       write all of them anew, also those of files that were not edited'
	@echo 'make upstream   build/upstream: unmodified Linux with only the virtual endpoint in it'
	@echo 'make demo       endpoint functions on five virtual boards, and a table; BOARD= and EPF= narrow it'
	@echo 'make check      everything that proves the project; PART= narrows it to tree, static, kunit, arm64, boards, upstream'
	@echo 'make bench      polling here and in unmodified Linux, side by side: a table, build/bench.tsv, build/bench.svg; ROUNDS=3'
	@echo 'make docs       the documentation of PCI and NVMe in HTML, with ours in it; fails if ours has a fault'
	@echo 'make clean      remove what was built, keep the download (FORCE=1: also edits that were not saved)'
	@echo 'make distclean  remove build/'

tree upstream patches:
	@scripts/packages tree
	@$(TREE) $@

clean distclean:
	@$(TREE) $@

.PHONY: demo check bench docs
demo:
	@scripts/packages tree kernel guest
	@scripts/demo

check:
	@scripts/packages tree kernel guest check docs its
	@scripts/check

bench:
	@scripts/packages tree kernel guest its bench
	@scripts/bench

docs:
	@scripts/packages tree docs
	@scripts/docs
