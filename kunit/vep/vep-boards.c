// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: the boards
 *
 * The features are those of the real glue drivers. The numbers of functions,
 * windows and channels, which those drivers read from the hardware or from the
 * device tree, are plausible ones.
 */
#include <linux/array_size.h>
#include <linux/string.h>

#include "pcie-designware.h"
#include "vep.h"

/* pcie-dw-rockchip.c, rk3588 */
static const struct pci_epc_bar_rsvd_region rk3588_bar4_rsvd[] = {
	{
		.type = PCI_EPC_BAR_RSVD_DMA_CTRL_MMIO,
		.offset = 0x0,
		.size = VEP_DMA_SIZE,
	},
};

static const struct pci_epc_features rk3588_features = {
	DWC_EPC_COMMON_FEATURES,
	.linkup_notifier = true,
	.msi_capable = true,
	.msix_capable = true,
	.align = SZ_64K,
	.bar[BAR_0] = { .type = BAR_RESIZABLE, },
	.bar[BAR_1] = { .type = BAR_RESIZABLE, },
	.bar[BAR_2] = { .type = BAR_RESIZABLE, },
	.bar[BAR_3] = { .type = BAR_RESIZABLE, },
	.bar[BAR_4] = {
		.type = BAR_RESERVED,
		.nr_rsvd_regions = ARRAY_SIZE(rk3588_bar4_rsvd),
		.rsvd_regions = rk3588_bar4_rsvd,
	},
	.bar[BAR_5] = { .type = BAR_RESIZABLE, },
};

/* pcie-rcar-gen4.c */
static const struct pci_epc_features rcar_s4_features = {
	DWC_EPC_COMMON_FEATURES,
	.msi_capable = true,
	.bar[BAR_0] = { .type = BAR_RESIZABLE, },
	.bar[BAR_1] = { .type = BAR_DISABLED, },
	.bar[BAR_2] = { .type = BAR_RESIZABLE, },
	.bar[BAR_3] = { .type = BAR_DISABLED, },
	.bar[BAR_4] = { .type = BAR_FIXED, .fixed_size = 256 },
	.bar[BAR_5] = { .type = BAR_DISABLED, },
	.align = SZ_4K,
};

/* pci-imx6.c, imx95 */
static const struct pci_epc_features imx95_features = {
	DWC_EPC_COMMON_FEATURES,
	.msi_capable = true,
	.bar[BAR_1] = { .type = BAR_FIXED, .fixed_size = SZ_64K, },
	.align = SZ_4K,
};

/* pcie-designware-plat.c, with an alignment: nothing but memory */
static const struct pci_epc_features bare_features = {
	DWC_EPC_COMMON_FEATURES,
	.msi_capable = true,
	.msix_capable = true,
	.align = SZ_4K,
};

/* The same, and a trap for writes to BARs: vep-trap.c, which may come later */
static const struct pci_epc_features trap_features = {
	DWC_EPC_COMMON_FEATURES,
	.msi_capable = true,
	.msix_capable = true,
	.align = SZ_4K,
#ifdef CONFIG_PCI_ENDPOINT_DOORBELL	/* Unmodified Linux knows no such thing. */
	.own_doorbell = true,
#endif
};

static const struct vep_board vep_boards[] = {
	{
		.name = "rk3588",
		.features = &rk3588_features,
		.functions = 1,
		.ib_windows = 16,
		.ob_windows = 16,
		.granule = SZ_64K,
		.dma_format = EDMA_MF_EDMA_UNROLL,
		.wr_chans = 2,
		.rd_chans = 2,
		.dma_lines = 4,
		.dma_bar = BAR_4,
		.dma_bar_size = SZ_1M,
		.dma_bar_only = true,
	}, {
		.name = "rcar-s4",
		.features = &rcar_s4_features,
		.functions = 2,
		.ib_windows = 16,
		.ob_windows = 16,
		.granule = SZ_4K,
		.dma_format = EDMA_MF_EDMA_UNROLL,
		.wr_chans = 4,
		.rd_chans = 4,
		.dma_lines = 1,
		.dma_bar = NO_BAR,
		.sticky_rebar = true,
		.iommu = true,
	}, {
		.name = "imx95",
		.features = &imx95_features,
		.functions = 2,
		.ib_windows = 8,
		.ob_windows = 8,
		.granule = SZ_4K,
		.dma_format = EDMA_MF_EDMA_UNROLL,
		.wr_chans = 4,
		.rd_chans = 4,
		.dma_lines = 1,
		.dma_bar = NO_BAR,
		.msi = true,
	}, {
		.name = "bare",
		.features = &bare_features,
		.functions = 2,
		.ib_windows = 8,
		.ob_windows = 8,
		.granule = SZ_4K,
		.dma_format = EDMA_MF_HDMA_NATIVE,
		.wr_chans = 2,
		.rd_chans = 2,
		.dma_lines = 1,
		.dma_bar = NO_BAR,
	}, {
		.name = "trap",
		.features = &trap_features,
		.functions = 2,
		.ib_windows = 8,
		.ob_windows = 8,
		.granule = SZ_4K,
		.dma_format = EDMA_MF_HDMA_NATIVE,
		.wr_chans = 2,
		.rd_chans = 2,
		.dma_lines = 1,
		.dma_bar = NO_BAR,
		.trap = true,
	}, {
		/* A device tree that does not name the engine's interrupt */
		.name = "no-irq",
		.features = &bare_features,
		.functions = 1,
		.ib_windows = 8,
		.ob_windows = 8,
		.granule = SZ_4K,
		.dma_format = EDMA_MF_EDMA_UNROLL,
		.wr_chans = 2,
		.rd_chans = 2,
		.dma_bar = NO_BAR,
	},
};

/**
 * vep_board_find() - look up a board
 * @name: its name
 *
 * Return: the board, NULL when there is none of that name.
 */
const struct vep_board *vep_board_find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(vep_boards); i++)
		if (!strcmp(vep_boards[i].name, name))
			return &vep_boards[i];

	return NULL;
}

/**
 * vep_board_names() - list the boards for a human
 * @buf: receives the names, separated by blanks
 * @size: its size
 */
void vep_board_names(char *buf, size_t size)
{
	buf[0] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(vep_boards); i++) {
		if (i)
			strlcat(buf, " ", size);
		strlcat(buf, vep_boards[i].name, size);
	}
}
