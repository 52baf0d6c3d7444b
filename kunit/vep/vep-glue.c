// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: glue driver between the model and pcie-designware-ep.c
 *
 * Knows of the model what a glue driver of a real board knows of its board,
 * and how to train the link.
 */
#include <linux/cleanup.h>
#include <linux/dma-map-ops.h>
#include <linux/mod_devicetable.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>

#include "pcie-designware.h"
#include "vep.h"

/**
 * struct vep_glue - driver data
 * @pci: the controller, for the library
 * @v: the model
 * @lock: protects @started and @resetting, and starting the link with them
 * @started: the link is to be up unless PERST# is asserted
 * @resetting: there are no registers, or not all of them are set up
 */
struct vep_glue {
	struct dw_pcie pci;
	struct vep *v;
	struct mutex lock;		/* started, resetting */
	bool started;
	bool resetting;
};

static struct vep_glue *to_vep_glue(struct dw_pcie *pci)
{
	return container_of(pci, struct vep_glue, pci);
}

static bool vep_glue_link_up(struct dw_pcie *pci)
{
	return READ_ONCE(to_vep_glue(pci)->v->link);
}

static void vep_glue_set_link(struct vep_glue *glue, bool started)
{
	guard(mutex)(&glue->lock);
	glue->started = started;
	if (!glue->resetting)
		vep_link_set(glue->v, &glue->v->started, started);
}

static int vep_glue_start_link(struct dw_pcie *pci)
{
	vep_glue_set_link(to_vep_glue(pci), true);
	return 0;
}

static void vep_glue_stop_link(struct dw_pcie *pci)
{
	vep_glue_set_link(to_vep_glue(pci), false);
}

static const struct dw_pcie_ops vep_glue_ops = {
	.link_up	= vep_glue_link_up,
	.start_link	= vep_glue_start_link,
	.stop_link	= vep_glue_stop_link,
};

static int vep_glue_raise_irq(struct dw_pcie_ep *ep, u8 func_no,
			      unsigned int type, u16 interrupt_num)
{
	switch (type) {
	case PCI_IRQ_INTX:
		return dw_pcie_ep_raise_intx_irq(ep, func_no);
	case PCI_IRQ_MSI:
		return dw_pcie_ep_raise_msi_irq(ep, func_no, interrupt_num);
	case PCI_IRQ_MSIX:
		return dw_pcie_ep_raise_msix_irq(ep, func_no, interrupt_num);
	default:
		return -EINVAL;
	}
}

static const struct pci_epc_features *
vep_glue_get_features(struct dw_pcie_ep *ep)
{
	return to_vep_glue(to_dw_pcie_from_ep(ep))->v->board->features;
}

static unsigned int vep_glue_get_dbi_offset(struct dw_pcie_ep *ep, u8 func_no)
{
	return func_no * VEP_DBI_STRIDE;
}

static const struct dw_pcie_ep_ops vep_glue_ep_ops = {
	.raise_irq	= vep_glue_raise_irq,
	.get_features	= vep_glue_get_features,
	.get_dbi_offset	= vep_glue_get_dbi_offset,
};

/* What the interrupt of the real boards that have one tells the library */
static void vep_glue_link(struct vep_glue *glue, bool up)
{
	struct dw_pcie_ep *ep = &glue->pci.ep;

	if (!glue->v->board->features->linkup_notifier)
		return;
	if (up)
		dw_pcie_ep_linkup(ep);
	else if (READ_ONCE(glue->v->in_reset))
		/* There are no registers that the library could set up. */
		pci_epc_linkdown(ep->epc);
	else
		dw_pcie_ep_linkdown(ep);
}

/*
 * The order is that of pcie-qcom-ep.c and pcie-tegra194.c: when PERST# is
 * asserted there is nothing to be done, because there is no reference clock.
 */
static void vep_glue_perst_deassert(struct vep_glue *glue)
{
	struct dw_pcie_ep *ep = &glue->pci.ep;
	int ret;

	scoped_guard(mutex, &glue->lock)
		glue->resetting = true;
	pci_epc_deinit_notify(ep->epc);
	dw_pcie_ep_cleanup(ep);

	ret = dw_pcie_ep_init_registers(ep);
	if (ret) {
		dev_err(glue->pci.dev, "no endpoint registers after PERST#: %d\n",
			ret);
		return;
	}
	pci_epc_init_notify(ep->epc);

	guard(mutex)(&glue->lock);
	glue->resetting = false;
	vep_link_set(glue->v, &glue->v->started, glue->started);
}

static void vep_glue_notify(void *data, enum vep_event event)
{
	struct vep_glue *glue = data;

	if (event == VEP_PERST_DEASSERT)
		vep_glue_perst_deassert(glue);
	else
		vep_glue_link(glue, event == VEP_LINK_UP);
}

static void vep_glue_setup(struct vep_glue *glue, struct device *dev)
{
	const struct vep_board *board = glue->v->board;
	struct dw_pcie *pci = &glue->pci;

	pci->dev = dev;
	pci->mode = DW_PCIE_EP_TYPE;
	pci->ops = &vep_glue_ops;
	pci->ep.ops = &vep_glue_ep_ops;
	pci->ep.page_size = board->features->align;
	if (board->dma_format == EDMA_MF_HDMA_NATIVE) {
		/* This one cannot be detected. */
		pci->edma.mf = EDMA_MF_HDMA_NATIVE;
		pci->edma.ll_wr_cnt = board->wr_chans;
		pci->edma.ll_rd_cnt = board->rd_chans;
	}
	if (board->iommu)
		set_dma_ops(dev, &vep_dma_map_ops);
}

static int vep_glue_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct vep_glue *glue;
	struct dw_pcie_ep *ep;
	int ret;

	glue = devm_kzalloc(dev, sizeof(*glue), GFP_KERNEL);
	if (!glue)
		return -ENOMEM;

	glue->v = vep_get();
	mutex_init(&glue->lock);
	platform_set_drvdata(pdev, glue);
	vep_glue_setup(glue, dev);
	ep = &glue->pci.ep;

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	ret = dw_pcie_ep_init(ep);
	if (ret)
		return dev_err_probe(dev, ret, "no endpoint\n");
	/* vep.functions= may differ from the device tree. */
	ep->epc->max_functions = glue->v->board->functions;
	ret = dw_pcie_ep_init_registers(ep);
	if (ret) {
		dw_pcie_ep_deinit(ep);
		return dev_err_probe(dev, ret, "no endpoint registers\n");
	}

	glue->v->epc = ep->epc;
	glue->v->notify_data = glue;
	glue->v->notify = vep_glue_notify;
	pci_epc_init_notify(ep->epc);

	return 0;
}

static const struct of_device_id vep_glue_of_match[] = {
	{ .compatible = "vep,pcie-ep" },
	{ }
};

static struct platform_driver vep_glue_driver = {
	.driver = {
		.name = "vep-pcie-ep",
		.of_match_table = vep_glue_of_match,
		.suppress_bind_attrs = true,
	},
	.probe = vep_glue_probe,
};

/**
 * vep_glue_register() - register the glue driver
 *
 * Return: 0 or a negative errno.
 */
int vep_glue_register(void)
{
	return platform_driver_register(&vep_glue_driver);
}
