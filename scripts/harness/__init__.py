# SPDX-License-Identifier: GPL-2.0
"""What `make demo` and `make check` share: build kernels, boot boards, read results."""
