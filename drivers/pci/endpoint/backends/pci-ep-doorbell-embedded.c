// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: registers that the endpoint controller owns
 *
 * The DesignWare eDMA raises its interrupt when one of its status registers is
 * written ("interrupt emulation"). There is one register, one datum and one
 * IRQ, which also comes with every DMA interrupt: all doorbells of a set are
 * the same, and a hint.
 *
 * A controller may have several such registers. What tells doorbells apart is
 * the IRQ: registers that share one are one. A set that has no more doorbells
 * than there are IRQs is distinct; others have several doorbells in a register,
 * because an EPF gets fewer doorbells than it asked for only where it insists
 * that they are distinct.
 */

#include <linux/align.h>
#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/pci-epc.h>
#include <linux/sizes.h>
#include <linux/slab.h>

/*
 * Registers behind a window are mapped for the device together, with all that
 * is between them: those that are farther than this from the first are not used.
 */
#define EMBEDDED_REACH	SZ_64K

/**
 * struct db_embedded - what one set uses
 * @base: start of the pages with the registers
 * @iova: where @base is on the bus behind the inbound windows
 * @size: bytes mapped at @iova; 0 if a BAR shows the registers anyway
 * @count: number of registers, each with an IRQ of its own
 * @reg: the registers, all in the same BAR or all behind a window
 */
struct db_embedded {
	phys_addr_t			base;
	dma_addr_t			iova;
	size_t				size;
	unsigned int			count;
	struct pci_epc_aux_resource	reg[] __counted_by(count);
};

/* Why a doorbell register is of no use, in words; NULL if it is */
static const char *embedded_unfit(const struct pci_epc_aux_resource *res)
{
	if (res->u.db_mmio.irq <= 0)
		return "the doorbell register has no interrupt";
	if (!IS_ALIGNED(res->phys_addr | res->bar_offset, sizeof(u32)))
		return "the doorbell register is not aligned";

	return NULL;
}

/* Does this register add a doorbell to those that were found before? */
static bool embedded_adds(const struct db_embedded *priv,
			  const struct pci_epc_aux_resource *res)
{
	const struct pci_epc_aux_resource *first = &priv->reg[0];
	unsigned int i;

	for (i = 0; i < priv->count; i++)
		if (priv->reg[i].u.db_mmio.irq == res->u.db_mmio.irq)
			return false;

	/* One layout must reach them all. */
	return !priv->count ||
	       (res->bar == first->bar &&
		(res->bar != NO_BAR ||
		 abs_diff(res->phys_addr, first->phys_addr) < EMBEDDED_REACH));
}

/* Find the doorbell registers of a controller; tells why if there are none. */
static struct db_embedded *embedded_find(struct pci_epf *epf, const char **why)
{
	struct pci_epc *epc = epf->epc;
	int i, count, ret;

	*why = "the controller has no doorbell register";
	count = pci_epc_get_aux_resources_count(epc, epf->func_no, epf->vfunc_no);
	if (count <= 0)
		return ERR_PTR(count ?: -ENODEV);

	struct pci_epc_aux_resource *res __free(kfree) = kzalloc_objs(*res, count);
	struct db_embedded *priv __free(kfree) = kzalloc_flex(*priv, reg, count);
	if (!res || !priv)
		return ERR_PTR(-ENOMEM);

	ret = pci_epc_get_aux_resources(epc, epf->func_no, epf->vfunc_no, res, count);
	if (ret < 0)
		return ERR_PTR(ret);

	priv->count = 0;
	for (i = 0; i < count; i++) {
		const char *unfit;

		if (res[i].type != PCI_EPC_AUX_DOORBELL_MMIO)
			continue;
		unfit = embedded_unfit(&res[i]);
		if (unfit)
			*why = unfit;
		if (unfit || !embedded_adds(priv, &res[i]))
			continue;
		priv->count++;
		priv->reg[priv->count - 1] = res[i];
	}

	return priv->count ? no_free_ptr(priv) : ERR_PTR(-ENODEV);
}

static int embedded_query(struct pci_ep_db_backend *backend, struct pci_epf *epf,
			  const struct pci_ep_db_request *req,
			  struct pci_ep_db_offer *offer)
{
	bool distinct = req->require & PCI_EP_DB_DISTINCT;
	const char *why;
	struct db_embedded *priv __free(kfree) = embedded_find(epf, &why);

	if (IS_ERR(priv) && PTR_ERR(priv) != -ENODEV && PTR_ERR(priv) != -EOPNOTSUPP)
		return pci_ep_db_refuse(offer, "looking for a doorbell register: %pe", priv);
	if (IS_ERR(priv))
		return pci_ep_db_refuse(offer, "%s", why);
	if (distinct && priv->count < (req->min_count ?: req->count))
		return pci_ep_db_refuse(offer, "%u doorbells at most can be told apart",
					priv->count);

	offer->form = priv->reg[0].bar == NO_BAR ? PCI_EP_DB_FORM_BUS :
						   PCI_EP_DB_FORM_BAR;
	offer->irq_shared = true;
	offer->max_count = PCI_EP_DB_MAX_COUNT;
	if (distinct || req->count <= priv->count) {
		offer->caps = PCI_EP_DB_DISTINCT;
		offer->max_count = priv->count;
	}

	return 0;
}

/* Let what is behind the inbound windows reach the registers. */
static int embedded_map(struct device *dev, struct db_embedded *priv)
{
	phys_addr_t end;
	unsigned int i;

	priv->base = PAGE_ALIGN_DOWN(priv->reg[0].phys_addr);
	end = priv->base + PAGE_SIZE;
	for (i = 1; i < priv->count; i++) {
		phys_addr_t page = PAGE_ALIGN_DOWN(priv->reg[i].phys_addr);

		priv->base = min(priv->base, page);
		end = max(end, page + PAGE_SIZE);
	}
	priv->size = end - priv->base;
	/*
	 * The device writes to the registers, so it is FROM_DEVICE. Every set
	 * maps them, and the CPU caches nothing of them: SKIP_CPU_SYNC.
	 */
	priv->iova = dma_map_resource(dev, priv->base, priv->size,
				      DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);

	return dma_mapping_error(dev, priv->iova) ? -EIO : 0;
}

static int embedded_alloc(struct pci_ep_db_set *set)
{
	struct device *dev = set->epf->epc->dev.parent;
	const char *why;
	struct db_embedded *priv __free(kfree) = embedded_find(set->epf, &why);
	unsigned int i;
	int ret;

	if (IS_ERR(priv))
		return PTR_ERR(priv);

	/* Those that no doorbell is for are not mapped. */
	priv->count = min(priv->count, set->count);
	if (priv->reg[0].bar == NO_BAR) {
		ret = embedded_map(dev, priv);
		if (ret)
			return ret;
	}

	for (i = 0; i < set->count; i++)
		set->target[i].irq = priv->reg[i % priv->count].u.db_mmio.irq;
	set->backend_data = no_free_ptr(priv);

	return 0;
}

static int embedded_get_targets(struct pci_ep_db_set *set)
{
	const struct db_embedded *priv = set->backend_data;
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		const struct pci_epc_aux_resource *reg = &priv->reg[i % priv->count];
		struct pci_ep_db_target *target = &set->target[i];

		target->data = reg->u.db_mmio.data;
		if (reg->bar == NO_BAR) {
			target->addr = priv->iova + (reg->phys_addr - priv->base);
			/* Its neighbours are the registers of the DMA engine. */
			target->clear_base = target->addr;
			target->clear_size = sizeof(u32);
		} else {
			target->bar = reg->bar;
			target->bar_offset = reg->bar_offset;
		}
	}

	return 0;
}

static void embedded_free(struct pci_ep_db_set *set)
{
	struct db_embedded *priv = set->backend_data;

	if (priv->size)
		dma_unmap_resource(set->epf->epc->dev.parent, priv->iova,
				   priv->size, DMA_FROM_DEVICE,
				   DMA_ATTR_SKIP_CPU_SYNC);
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
