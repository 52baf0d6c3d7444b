// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: the host, a PCI host bridge of this kernel
 *
 * The endpoint sits directly on the root bus. DMA reaches what a host driver
 * has mapped for it and nothing else.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "pci.h"
#include "vep.h"

/**
 * struct vep_host - the host
 * @v: the endpoint plugged into it
 * @bridge: its PCI host bridge
 * @msi: its MSI controller
 * @iommu: its IOMMU: one address space a function
 * @nb: puts devices behind @iommu
 */
struct vep_host {
	struct vep *v;
	struct pci_host_bridge *bridge;
	struct vep_msi msi;
	struct vep_iommu iommu[VEP_MAX_FUNCS];
	struct notifier_block nb;
};

static struct resource vep_host_buses = {
	.name	= "vep buses",
	.start	= 0,
	.end	= 0,
	.flags	= IORESOURCE_BUS,
};

/**
 * vep_host_iommu() - the address space of a device
 * @pdev: a device below the host bridge
 *
 * Return: the address space.
 */
struct vep_iommu *vep_host_iommu(struct pci_dev *pdev)
{
	struct vep_host *h = pdev->sysdata;

	return &h->iommu[PCI_FUNC(pdev->devfn)];
}

/*
 * The address alone tells the address space, because the requester does not:
 * dw-edma speaks for function 0, whoever uses it. The spaces are disjoint, so
 * what one function was once allowed is never another one's memory.
 */
static struct vep_iommu *vep_host_space(struct vep_host *h, u64 addr)
{
	u64 func = (addr - VEP_HOST_IOVA) >> 32;

	return func < h->v->board->functions ? &h->iommu[func] : NULL;
}

static int vep_host_cfg_read(struct pci_bus *bus, unsigned int devfn, int where,
			     int size, u32 *val)
{
	struct vep_host *h = bus->sysdata;

	if (PCI_SLOT(devfn)) {
		PCI_SET_ERROR_RESPONSE(val);
		return PCIBIOS_DEVICE_NOT_FOUND;
	}

	return vep_ep_cfg_read(h->v, PCI_FUNC(devfn), where, size, val);
}

static int vep_host_cfg_write(struct pci_bus *bus, unsigned int devfn,
			      int where, int size, u32 val)
{
	struct vep_host *h = bus->sysdata;

	if (PCI_SLOT(devfn))
		return PCIBIOS_DEVICE_NOT_FOUND;

	return vep_ep_cfg_write(h->v, PCI_FUNC(devfn), where, size, val);
}

static struct pci_ops vep_host_pci_ops = {
	.read	= vep_host_cfg_read,
	.write	= vep_host_cfg_write,
};

static void vep_host_msi_tlp(struct vep_host *h, u64 addr, void *buf,
			     size_t len, bool write)
{
	u32 data;

	if (!write) {
		memset(buf, 0, len);
		return;
	}
	if (addr == VEP_HOST_MSI && len == sizeof(data)) {
		memcpy(&data, buf, sizeof(data));
		if (vep_msi_write(&h->msi, data))
			return;
	}
	vep_count(h->v, VEP_STAT_HOST_MSI_STRAY);
}

static int vep_host_tlp(void *host, u64 addr, void *buf, size_t len, bool write)
{
	struct vep_host *h = host;
	struct vep_iommu *mmu;
	u64 phys;
	int ret;

	if (addr >= VEP_HOST_MSI && addr < VEP_HOST_MSI + SZ_4K) {
		vep_host_msi_tlp(h, addr, buf, len, write);
		return 0;
	}

	mmu = vep_host_space(h, addr);
	if (!mmu)
		return -EFAULT;

	guard(raw_spinlock_irqsave)(&mmu->lock);
	ret = vep_iommu_translate(mmu, addr, len, write, &phys);
	if (ret)
		return ret;
	if (!vep_is_ram(phys, len))
		return -ENXIO;
	vep_ram_copy(phys, buf, len, write);

	return 0;
}

static void vep_host_remove_all(struct pci_bus *bus)
{
	struct pci_dev *pdev, *next;

	list_for_each_entry_safe_reverse(pdev, next, &bus->devices, bus_list)
		pci_stop_and_remove_bus_device(pdev);
}

/* Like a hot-plug controller's */
static void vep_host_link(void *host, bool up)
{
	struct vep_host *h = host;

	pci_lock_rescan_remove();
	if (up)
		pci_rescan_bus(h->bridge->bus);
	else
		vep_host_remove_all(h->bridge->bus);
	pci_unlock_rescan_remove();
}

/* As pciehp does: drivers are to know that they talk to nobody any more. */
static void vep_host_pulled(void *host)
{
	struct vep_host *h = host;

	pci_walk_bus(h->bridge->bus, pci_dev_set_disconnected, NULL);
}

static const struct vep_host_ops vep_host_ops = {
	.mem	= vep_host_tlp,
	.link	= vep_host_link,
	.pulled	= vep_host_pulled,
};

static int vep_host_notify(struct notifier_block *nb, unsigned long event,
			   void *data)
{
	struct vep_host *h = container_of(nb, struct vep_host, nb);
	struct device *dev = data;

	if (event == BUS_NOTIFY_ADD_DEVICE && to_pci_dev(dev)->sysdata == h)
		set_dma_ops(dev, &vep_dma_map_ops);

	return NOTIFY_DONE;
}

static int vep_host_probe(struct vep_host *h)
{
	struct pci_host_bridge *bridge = pci_alloc_host_bridge(0);
	int ret;

	if (!bridge)
		return -ENOMEM;

	pci_add_resource(&bridge->windows, vep_host_window());
	pci_add_resource(&bridge->windows, &vep_host_buses);
	bridge->sysdata = h;
	bridge->ops = &vep_host_pci_ops;
	dev_set_msi_domain(&bridge->dev, h->msi.domain);
	h->bridge = bridge;

	ret = pci_host_probe(bridge);
	if (ret)
		pci_free_host_bridge(bridge);

	return ret;
}

static void vep_host_mem_exit(struct vep_host *h)
{
	for (unsigned int i = 0; i < h->v->board->functions; i++)
		vep_iommu_exit(&h->iommu[i]);
	if (h->v->host_mem)
		free_pages_exact(h->v->host_mem, VEP_HOST_MEM_SIZE);
	h->v->host_mem = NULL;
}

static int vep_host_mem_init(struct vep_host *h)
{
	struct vep *v = h->v;
	int ret;

	for (unsigned int i = 0; i < v->board->functions; i++) {
		raw_spin_lock_init(&h->iommu[i].lock);
		ret = vep_iommu_init(&h->iommu[i], VEP_HOST_IOVA + ((u64)i << 32));
		if (ret)
			goto err;
	}

	ret = -ENOMEM;
	v->host_mem = alloc_pages_exact(VEP_HOST_MEM_SIZE,
					GFP_KERNEL | __GFP_ZERO);
	if (!v->host_mem)
		goto err;
	v->host_mem_addr = vep_iommu_map(&h->iommu[0], virt_to_phys(v->host_mem),
					 VEP_HOST_MEM_SIZE, DMA_BIDIRECTIONAL);
	if (v->host_mem_addr == DMA_MAPPING_ERROR)
		goto err;

	return 0;

err:
	vep_host_mem_exit(h);
	return ret;
}

/**
 * vep_host_create() - make the host and plug the endpoint into it
 * @v: the endpoint
 *
 * Return: 0 or a negative errno.
 */
int vep_host_create(struct vep *v)
{
	struct vep_host *h = kzalloc_obj(*h);
	int ret;

	if (!h)
		return -ENOMEM;

	h->v = v;
	ret = vep_host_mem_init(h);
	if (ret)
		goto err_free;
	ret = vep_msi_init(&h->msi, VEP_HOST_MSIS, VEP_HOST_MSI,
			   &v->stat[VEP_STAT_HOST_MSI]);
	if (ret)
		goto err_iommu;
	ret = vep_msi_create_host(&h->msi);
	if (ret)
		goto err_msi;

	h->nb.notifier_call = vep_host_notify;
	ret = bus_register_notifier(&pci_bus_type, &h->nb);
	if (ret)
		goto err_msi;
	ret = vep_host_probe(h);
	if (ret)
		goto err_notifier;

	v->host = h;
	v->host_ops = &vep_host_ops;

	return 0;

err_notifier:
	bus_unregister_notifier(&pci_bus_type, &h->nb);
err_msi:
	vep_msi_exit(&h->msi);
err_iommu:
	vep_host_mem_exit(h);
err_free:
	kfree(h);
	return ret;
}
