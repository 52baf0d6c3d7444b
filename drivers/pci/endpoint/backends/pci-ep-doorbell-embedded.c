// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: a register that the endpoint controller owns
 *
 * The DesignWare eDMA raises its interrupt when one of its status registers is
 * written ("interrupt emulation"). There is one register, one datum and one
 * IRQ, which also comes with every DMA interrupt: all doorbells of a set are
 * the same, and a hint.
 */

#include <linux/align.h>
#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/pci-epc.h>
#include <linux/slab.h>

/**
 * struct db_embedded - what one set uses
 * @res: the register
 * @iova: where it is on the bus behind the inbound windows, page aligned
 * @size: bytes mapped at @iova; 0 if a BAR shows the register anyway
 */
struct db_embedded {
	struct pci_epc_aux_resource	res;
	dma_addr_t			iova;
	size_t				size;
};

/* Find the doorbell register of a controller. */
static int embedded_find(struct pci_epf *epf, struct pci_epc_aux_resource *db)
{
	struct pci_epc *epc = epf->epc;
	int i, count, ret;

	count = pci_epc_get_aux_resources_count(epc, epf->func_no, epf->vfunc_no);
	if (count <= 0)
		return count ?: -ENODEV;

	struct pci_epc_aux_resource *res __free(kfree) = kzalloc_objs(*res, count);
	if (!res)
		return -ENOMEM;

	ret = pci_epc_get_aux_resources(epc, epf->func_no, epf->vfunc_no, res, count);
	if (ret < 0)
		return ret;

	for (i = 0; i < count; i++) {
		if (res[i].type != PCI_EPC_AUX_DOORBELL_MMIO)
			continue;
		*db = res[i];
		return 0;
	}

	return -ENODEV;
}

static int embedded_query(struct pci_ep_db_backend *backend, struct pci_epf *epf,
			  const struct pci_ep_db_request *req,
			  struct pci_ep_db_offer *offer)
{
	struct pci_epc_aux_resource db;
	int ret = embedded_find(epf, &db);

	if (ret == -ENODEV || ret == -EOPNOTSUPP)
		return pci_ep_db_refuse(offer, "the controller has no doorbell register");
	if (ret)
		return pci_ep_db_refuse(offer, "looking for a doorbell register: %pe",
					ERR_PTR(ret));
	if (db.u.db_mmio.irq <= 0)
		return pci_ep_db_refuse(offer, "the doorbell register has no interrupt");
	if (!IS_ALIGNED(db.phys_addr, sizeof(u32)))
		return pci_ep_db_refuse(offer, "the doorbell register is not aligned");

	offer->form = db.bar == NO_BAR ? PCI_EP_DB_FORM_BUS : PCI_EP_DB_FORM_BAR;
	offer->irq_shared = true;
	offer->max_count = PCI_EP_DB_MAX_COUNT;

	return 0;
}

static int embedded_alloc(struct pci_ep_db_set *set)
{
	struct device *dev = set->epf->epc->dev.parent;
	struct db_embedded *priv __free(kfree) = kzalloc_obj(*priv);
	phys_addr_t base;
	int ret;

	if (!priv)
		return -ENOMEM;

	ret = embedded_find(set->epf, &priv->res);
	if (ret)
		return ret;

	if (priv->res.bar == NO_BAR) {
		base = PAGE_ALIGN_DOWN(priv->res.phys_addr);
		priv->size = PAGE_ALIGN(priv->res.phys_addr + sizeof(u32) - base);
		/* The device writes to the register, so it is FROM_DEVICE. */
		priv->iova = dma_map_resource(dev, base, priv->size,
					      DMA_FROM_DEVICE, 0);
		if (dma_mapping_error(dev, priv->iova))
			return -EIO;
	}

	set->target[0].irq = priv->res.u.db_mmio.irq;
	set->backend_data = no_free_ptr(priv);

	return 0;
}

static int embedded_get_targets(struct pci_ep_db_set *set)
{
	const struct db_embedded *priv = set->backend_data;
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		struct pci_ep_db_target *target = &set->target[i];

		target->data = priv->res.u.db_mmio.data;
		if (priv->res.bar == NO_BAR) {
			target->addr = priv->iova +
				       offset_in_page(priv->res.phys_addr);
			/* Its neighbours are the registers of the DMA engine. */
			target->clear_base = target->addr;
			target->clear_size = sizeof(u32);
		} else {
			target->bar = priv->res.bar;
			target->bar_offset = priv->res.bar_offset;
		}
	}

	return 0;
}

static void embedded_free(struct pci_ep_db_set *set)
{
	struct db_embedded *priv = set->backend_data;

	if (priv->size)
		dma_unmap_resource(set->epf->epc->dev.parent, priv->iova,
				   priv->size, DMA_FROM_DEVICE, 0);
	kfree(priv);
}

static const struct pci_ep_db_backend_ops embedded_ops = {
	.query		= embedded_query,
	.alloc		= embedded_alloc,
	.get_targets	= embedded_get_targets,
	.free		= embedded_free,
};

static struct pci_ep_db_backend embedded_backend = {
	.name	= "embedded",
	.type	= PCI_EP_DB_EMBEDDED,
	.ops	= &embedded_ops,
};

static int __init embedded_init(void)
{
	return pci_ep_db_register_backend(&embedded_backend);
}
module_init(embedded_init);

static void __exit embedded_exit(void)
{
	pci_ep_db_unregister_backend(&embedded_backend);
}
module_exit(embedded_exit);

MODULE_DESCRIPTION("PCI endpoint doorbells from a register of the controller");
MODULE_LICENSE("GPL");
