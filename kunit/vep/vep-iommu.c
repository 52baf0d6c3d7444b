// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: an I/O page table, and the DMA API on top of it
 *
 * The host has one in front of its memory, and some boards have one between
 * the controller and theirs. Addresses are aligned to the power of two above
 * the size of what they map, as those of iommu-dma are.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/vmalloc.h>

#include "vep.h"

/*
 * Page table entry: a physical page, what a device may do with it, and the
 * first and the last byte it may touch. No real IOMMU knows of bytes; but what
 * is next to a buffer belongs to the machine that runs the test.
 */
#define VEP_PTE_READ		BIT_ULL(0)
#define VEP_PTE_WRITE		BIT_ULL(1)
#define VEP_PTE_PAGE		GENMASK_ULL(39, 12)
#define VEP_PTE_FIRST		GENMASK_ULL(51, 40)
#define VEP_PTE_LAST		GENMASK_ULL(63, 52)

/**
 * vep_iommu_init() - make an address space
 * @mmu: the IOMMU
 * @base: its first address
 *
 * Return: 0 or -ENOMEM.
 */
int vep_iommu_init(struct vep_iommu *mmu, u64 base)
{
	mmu->base = base;
	mmu->pages = VEP_IOVA_SIZE >> PAGE_SHIFT;
	mmu->next = 0;
	mmu->used = bitmap_zalloc(mmu->pages, GFP_KERNEL);
	mmu->pte = kvcalloc(mmu->pages, sizeof(*mmu->pte), GFP_KERNEL);
	if (mmu->used && mmu->pte)
		return 0;

	vep_iommu_exit(mmu);
	return -ENOMEM;
}

/**
 * vep_iommu_exit() - free an address space
 * @mmu: the IOMMU
 */
void vep_iommu_exit(struct vep_iommu *mmu)
{
	bitmap_free(mmu->used);
	kvfree(mmu->pte);
	mmu->used = NULL;
	mmu->pte = NULL;
}

static unsigned long vep_iommu_room(struct vep_iommu *mmu, unsigned long n)
{
	unsigned long mask = roundup_pow_of_two(n) - 1;
	unsigned long at;

	at = bitmap_find_next_zero_area(mmu->used, mmu->pages, mmu->next, n, mask);
	if (at + n > mmu->pages)
		at = bitmap_find_next_zero_area(mmu->used, mmu->pages, 0, n, mask);

	return at;
}

static u64 vep_iommu_bits(enum dma_data_direction dir)
{
	switch (dir) {
	case DMA_BIDIRECTIONAL:
		return VEP_PTE_READ | VEP_PTE_WRITE;
	case DMA_TO_DEVICE:
		return VEP_PTE_READ;
	case DMA_FROM_DEVICE:
		return VEP_PTE_WRITE;
	default:
		return 0;
	}
}

/* Entry of page @i of @n, of a range of which @phys is the start */
static u64 vep_iommu_pte(u64 phys, size_t size, unsigned long i, unsigned long n)
{
	u64 last = offset_in_page(phys + size - 1);

	return ((phys & PAGE_MASK) + PFN_PHYS(i)) |
	       FIELD_PREP(VEP_PTE_FIRST, i ? 0 : offset_in_page(phys)) |
	       FIELD_PREP(VEP_PTE_LAST, i == n - 1 ? last : PAGE_SIZE - 1);
}

/**
 * vep_iommu_map() - let a device reach a physical range
 * @mmu: the IOMMU
 * @phys: start, need not be aligned
 * @size: length
 * @dir: what the device may do; DMA_FROM_DEVICE is a device that writes
 *
 * Return: the address for the device, DMA_MAPPING_ERROR when there is no room.
 */
u64 vep_iommu_map(struct vep_iommu *mmu, u64 phys, size_t size,
		  enum dma_data_direction dir)
{
	unsigned long n = PHYS_PFN(offset_in_page(phys) + size + PAGE_SIZE - 1);
	unsigned long at;

	if (!size || !mmu->used || n > mmu->pages ||
	    phys + size - 1 > (VEP_PTE_PAGE | ~PAGE_MASK))
		return DMA_MAPPING_ERROR;

	guard(raw_spinlock_irqsave)(&mmu->lock);
	at = vep_iommu_room(mmu, n);
	if (at + n > mmu->pages)
		return DMA_MAPPING_ERROR;

	bitmap_set(mmu->used, at, n);
	mmu->next = at + n;
	for (unsigned long i = 0; i < n; i++)
		mmu->pte[at + i] = vep_iommu_pte(phys, size, i, n) |
				   vep_iommu_bits(dir);

	return mmu->base + PFN_PHYS(at) + offset_in_page(phys);
}

/**
 * vep_iommu_unmap() - take a range away again
 * @mmu: the IOMMU
 * @iova: what vep_iommu_map() returned
 * @size: the same size
 *
 * Returns when the last TLP that used the mapping has landed.
 */
void vep_iommu_unmap(struct vep_iommu *mmu, u64 iova, size_t size)
{
	unsigned long n = PHYS_PFN(offset_in_page(iova) + size + PAGE_SIZE - 1);
	unsigned long at = PHYS_PFN(iova - mmu->base);

	if (WARN_ON_ONCE(iova < mmu->base || at >= mmu->pages ||
			 n > mmu->pages - at))
		return;

	guard(raw_spinlock_irqsave)(&mmu->lock);
	WARN_ON_ONCE(find_next_zero_bit(mmu->used, at + n, at) < at + n);
	bitmap_clear(mmu->used, at, n);
	memset(&mmu->pte[at], 0, n * sizeof(*mmu->pte));
}

/**
 * vep_iommu_translate() - look up one access, which stays within a page
 * @mmu: the IOMMU
 * @iova: address the device used
 * @len: length of the access
 * @write: the device writes
 * @phys: receives the physical address
 *
 * Context: with @mmu->lock held.
 * Return: 0, -EFAULT when nothing is mapped, -EACCES for the wrong direction.
 */
int vep_iommu_translate(struct vep_iommu *mmu, u64 iova, size_t len, bool write,
			u64 *phys)
{
	u64 pte, offset = offset_in_page(iova);

	lockdep_assert_held(&mmu->lock);

	if (!mmu->used) {
		*phys = iova;
		return 0;
	}
	if (iova < mmu->base || PHYS_PFN(iova - mmu->base) >= mmu->pages)
		return -EFAULT;
	if (!test_bit(PHYS_PFN(iova - mmu->base), mmu->used))
		return -EFAULT;

	pte = mmu->pte[PHYS_PFN(iova - mmu->base)];
	if (!(pte & (write ? VEP_PTE_WRITE : VEP_PTE_READ)))
		return -EACCES;
	if (offset < FIELD_GET(VEP_PTE_FIRST, pte) ||
	    offset + len - 1 > FIELD_GET(VEP_PTE_LAST, pte))
		return -EFAULT;

	*phys = (pte & VEP_PTE_PAGE) | offset;
	return 0;
}

static struct vep_iommu *vep_iommu_of(struct device *dev)
{
	if (dev_is_pci(dev))
		return vep_host_iommu(to_pci_dev(dev));

	return &vep_get()->iommu;
}

static dma_addr_t vep_map_phys(struct device *dev, phys_addr_t phys,
			       size_t size, enum dma_data_direction dir,
			       unsigned long attrs)
{
	return vep_iommu_map(vep_iommu_of(dev), phys, size, dir);
}

static void vep_unmap_phys(struct device *dev, dma_addr_t iova, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	vep_iommu_unmap(vep_iommu_of(dev), iova, size);
	if (attrs & DMA_ATTR_MMIO && !dev_is_pci(dev))
		vep_host_write_armed(vep_get(), VEP_ON_UNMAP);
}

static void *vep_alloc(struct device *dev, size_t size, dma_addr_t *iova,
		       gfp_t gfp, unsigned long attrs)
{
	void *p = alloc_pages_exact(PAGE_ALIGN(size), gfp | __GFP_ZERO);

	if (!p)
		return NULL;

	/* Its pages are nobody else's. */
	*iova = vep_iommu_map(vep_iommu_of(dev), virt_to_phys(p),
			      PAGE_ALIGN(size), DMA_BIDIRECTIONAL);
	if (*iova == DMA_MAPPING_ERROR) {
		free_pages_exact(p, PAGE_ALIGN(size));
		return NULL;
	}

	return p;
}

static void vep_free(struct device *dev, size_t size, void *p, dma_addr_t iova,
		     unsigned long attrs)
{
	vep_iommu_unmap(vep_iommu_of(dev), iova, PAGE_ALIGN(size));
	free_pages_exact(p, PAGE_ALIGN(size));
}

static void vep_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		vep_iommu_unmap(vep_iommu_of(dev), sg_dma_address(sg),
				sg_dma_len(sg));
}

static int vep_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		sg->dma_address = vep_iommu_map(vep_iommu_of(dev), sg_phys(sg),
						sg->length, dir);
		sg_dma_len(sg) = sg->length;
		if (sg->dma_address == DMA_MAPPING_ERROR) {
			vep_unmap_sg(dev, sgl, i, dir, attrs);
			return -ENOMEM;
		}
	}

	return nents;
}

/* For the devices behind one of the two IOMMUs. */
const struct dma_map_ops vep_dma_map_ops = {
	.alloc		= vep_alloc,
	.free		= vep_free,
	.alloc_pages_op	= dma_common_alloc_pages,
	.free_pages	= dma_common_free_pages,
	.map_phys	= vep_map_phys,
	.unmap_phys	= vep_unmap_phys,
	.map_sg		= vep_map_sg,
	.unmap_sg	= vep_unmap_sg,
};
