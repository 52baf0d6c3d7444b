// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: a fake endpoint controller, host, and backend
 */

#include <kunit/platform_device.h>
#include <kunit/resource.h>
#include <linux/delay.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/kmsg_dump.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/mount.h>
#include <linux/panic.h>
#include <linux/platform_device.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "pci-ep-doorbell-fake.h"
#include "pci-ep-doorbell-internal.h"

/* Interrupts */

static void fake_irq_nop(struct irq_data *data)
{
}

static int fake_irq_request(struct irq_data *data)
{
	struct fake_irq *irq = irq_data_get_irq_chip_data(data);

	atomic_inc(&irq->requested);

	return 0;
}

static void fake_irq_release(struct irq_data *data)
{
	struct fake_irq *irq = irq_data_get_irq_chip_data(data);

	atomic_dec(&irq->requested);
}

/* An edge that came while it was disabled comes again, as with an ITS. */
static int fake_irq_retrigger(struct irq_data *data)
{
	struct fake_irq *irq = irq_data_get_irq_chip_data(data);

	hrtimer_start(&irq->timer, 0, HRTIMER_MODE_REL_HARD);

	return 1;
}

static struct irq_chip fake_irq_chip = {
	.name			= "fake-db",
	.irq_ack		= fake_irq_nop,
	.irq_mask		= fake_irq_nop,
	.irq_unmask		= fake_irq_nop,
	.irq_retrigger		= fake_irq_retrigger,
	.irq_request_resources	= fake_irq_request,
	.irq_release_resources	= fake_irq_release,
};

static enum hrtimer_restart fake_irq_timer(struct hrtimer *timer)
{
	struct fake_irq *irq = container_of(timer, struct fake_irq, timer);

	generic_handle_irq_safe(irq->virq);

	return HRTIMER_NORESTART;
}

static void fake_irqs_free(void *data)
{
	struct fake_epc *fake = data;
	unsigned int i;

	for (i = 0; i < FAKE_IRQS; i++) {
		hrtimer_cancel(&fake->irq[i].timer);
		irq_set_chip_and_handler(fake->irq[i].virq, NULL, NULL);
	}
	irq_free_descs(fake->irq[0].virq, FAKE_IRQS);
}

static void fake_irqs_create(struct fake_epc *fake)
{
	int virq = irq_alloc_descs(-1, 1, FAKE_IRQS, NUMA_NO_NODE);
	unsigned int i;

	KUNIT_ASSERT_GT(fake->test, virq, 0);
	for (i = 0; i < FAKE_IRQS; i++) {
		struct fake_irq *irq = &fake->irq[i];

		irq->virq = virq + i;
		hrtimer_setup(&irq->timer, fake_irq_timer, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_HARD);
		irq_set_chip_data(irq->virq, irq);
		irq_set_chip_and_handler(irq->virq, &fake_irq_chip, handle_edge_irq);
		irq_clear_status_flags(irq->virq, IRQ_NOREQUEST | IRQ_NOPROBE);
	}
	KUNIT_ASSERT_EQ(fake->test, 0,
			kunit_add_action_or_reset(fake->test, fake_irqs_free, fake));
}

/* Make an interrupt from hard interrupt context, @ns from now. */
void fake_irq_hard(struct fake_epc *fake, unsigned int irq, u64 ns)
{
	hrtimer_start(&fake->irq[irq].timer, ns_to_ktime(ns), HRTIMER_MODE_REL_HARD);
}

unsigned int fake_requested(struct fake_epc *fake)
{
	unsigned int i, n = 0;

	for (i = 0; i < FAKE_IRQS; i++)
		n += atomic_read(&fake->irq[i].requested);

	return n;
}

/* DMA: memory is where it is, registers are behind an IOMMU */

#ifdef CONFIG_ARCH_HAS_DMA_OPS
static void *fake_dma_alloc(struct device *dev, size_t size, dma_addr_t *handle,
			    gfp_t gfp, unsigned long attrs)
{
	struct fake_epc *fake = dev_get_drvdata(dev);
	void *addr;

	if (fake->fail_alloc)
		return NULL;

	addr = (void *)__get_free_pages(gfp | __GFP_ZERO, get_order(size));
	if (!addr)
		return NULL;

	atomic_inc(&fake->allocs);
	*handle = virt_to_phys(addr);

	return addr;
}

static void fake_dma_free(struct device *dev, size_t size, void *addr,
			  dma_addr_t handle, unsigned long attrs)
{
	struct fake_epc *fake = dev_get_drvdata(dev);

	atomic_dec(&fake->allocs);
	free_pages((unsigned long)addr, get_order(size));
}

static dma_addr_t fake_dma_map(struct device *dev, phys_addr_t phys, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	struct fake_epc *fake = dev_get_drvdata(dev);

	/* The host writes to the register through the device. */
	if (fake->fail_map || dir != DMA_FROM_DEVICE || !PAGE_ALIGNED(phys))
		return DMA_MAPPING_ERROR;
	atomic_inc(&fake->maps);
	fake->map_base = phys;
	fake->map_size = size;

	return phys + FAKE_IOVA;
}

static void fake_dma_unmap(struct device *dev, dma_addr_t addr, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	struct fake_epc *fake = dev_get_drvdata(dev);

	atomic_dec(&fake->maps);
}

static const struct dma_map_ops fake_dma_ops = {
	.alloc		= fake_dma_alloc,
	.free		= fake_dma_free,
	.map_phys	= fake_dma_map,
	.unmap_phys	= fake_dma_unmap,
};

static void fake_dma_setup(struct device *dev)
{
	set_dma_ops(dev, &fake_dma_ops);
}
#else
static void fake_dma_setup(struct device *dev)
{
}
#endif

/* The controller */

/*
 * As pcie-designware-ep.c does: a BAR that is set again keeps its size and flags,
 * its old windows go before the new ones come, and the pointer that was kept is
 * kept until the new ones are there.
 */

static struct fake_window *fake_windows(struct fake_epc *fake, u8 func_no, u8 vfunc_no)
{
	return fake->window[vfunc_no * FAKE_FUNCS + func_no];
}

unsigned int fake_windows_used(const struct fake_epc *fake)
{
	unsigned int i, n = 0;

	for (i = 0; i < FAKE_WINDOWS * PCI_STD_NUM_BARS; i++)
		n += fake->window[i / PCI_STD_NUM_BARS][i % PCI_STD_NUM_BARS].used;

	return n;
}

/* One window: BAR match mode */
static int fake_map_bar(struct fake_epc *fake, const struct pci_epf_bar *bar)
{
	if (!IS_ALIGNED(bar->phys_addr, max(bar->size, fake->features.align)))
		return -EINVAL;

	return fake_windows_used(fake) < fake->windows ? 1 : -EINVAL;
}

/* One window for each part: address match mode */
static int fake_map_parts(struct fake_epc *fake, const struct pci_epf_bar *bar)
{
	size_t align = fake->features.align, size = 0;
	unsigned int i;

	if (!align || !IS_ALIGNED(bar->size, align) || bar->num_submap > FAKE_PARTS)
		return -EINVAL;
	for (i = 0; i < bar->num_submap; i++) {
		const struct pci_epf_bar_submap *part = &bar->submap[i];

		if (!part->size || !IS_ALIGNED(part->size | part->phys_addr, align))
			return -EINVAL;
		size += part->size;
	}
	if (size != bar->size || fake->unassigned)
		return -EINVAL;
	if (bar->num_submap > fake->windows - fake_windows_used(fake))
		return -ENOSPC;

	return bar->num_submap;
}

static int fake_set_bar(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			struct pci_epf_bar *bar)
{
	struct fake_epc *fake = dev_get_drvdata(epc->dev.parent);
	struct fake_window *window = &fake_windows(fake, func_no, vfunc_no)[bar->barno];
	const struct pci_epf_bar *kept = window->kept;
	bool fail = fake->fail_set_bar & 1;
	int ret;

	fake->set_bars++;
	fake->fail_set_bar >>= 1;

	if (!kept && bar->num_submap)
		return -EINVAL;
	if (kept && (!fake->features.dynamic_inbound_mapping ||
		     kept->barno != bar->barno || kept->size != bar->size ||
		     kept->flags != bar->flags))
		return -EINVAL;

	window->used = 0;
	if (fail)
		return -ENOSPC;
	ret = bar->num_submap ? fake_map_parts(fake, bar) : fake_map_bar(fake, bar);
	if (ret < 0)
		return ret;

	window->kept = bar;
	window->bar = *bar;
	window->used = ret;
	memcpy(window->part, bar->submap, bar->num_submap * sizeof(*bar->submap));

	return 0;
}

static void fake_clear_bar(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			   struct pci_epf_bar *bar)
{
	struct fake_epc *fake = dev_get_drvdata(epc->dev.parent);
	struct fake_window *window = &fake_windows(fake, func_no, vfunc_no)[bar->barno];

	fake->clear_bars++;
	window->kept = NULL;
	window->used = 0;
}

static const struct pci_epc_features *
fake_get_features(struct pci_epc *epc, u8 func_no, u8 vfunc_no)
{
	struct fake_epc *fake = dev_get_drvdata(epc->dev.parent);

	return &fake->features;
}

static int fake_get_aux_count(struct pci_epc *epc, u8 func_no, u8 vfunc_no)
{
	struct fake_epc *fake = dev_get_drvdata(epc->dev.parent);

	return fake->num_aux;
}

static int fake_get_aux(struct pci_epc *epc, u8 func_no, u8 vfunc_no,
			struct pci_epc_aux_resource *resources, int num)
{
	struct fake_epc *fake = dev_get_drvdata(epc->dev.parent);

	if (num > fake->num_aux)
		return -EINVAL;
	memcpy(resources, fake->aux, num * sizeof(*resources));

	return 0;
}

static const struct pci_epc_ops fake_epc_ops = {
	.set_bar			= fake_set_bar,
	.clear_bar			= fake_clear_bar,
	.get_features			= fake_get_features,
	.get_aux_resources_count	= fake_get_aux_count,
	.get_aux_resources		= fake_get_aux,
	.owner				= THIS_MODULE,
};

KUNIT_DEFINE_ACTION_WRAPPER(fake_epc_destroy, pci_epc_destroy, struct pci_epc *);

/* Give a function memory in a BAR, as an EPF does in epc_init. */
void fake_epf_set_memory(struct fake_epc *fake, struct pci_epf *epf,
			 enum pci_barno bar, size_t size)
{
	void *addr = pci_epf_alloc_space(epf, size, bar, &fake->features,
					 PRIMARY_INTERFACE);

	KUNIT_ASSERT_NOT_NULL(fake->test, addr);
	KUNIT_ASSERT_EQ(fake->test, 0,
			pci_epc_set_bar(fake->epc, epf->func_no, epf->vfunc_no,
					&epf->bar[bar]));
}

static void fake_epf_destroy(void *data)
{
	struct pci_epf *epf = data;
	enum pci_barno bar;

	for (bar = BAR_0; bar < PCI_STD_NUM_BARS; bar++)
		if (epf->bar[bar].addr)
			pci_epf_free_space(epf, epf->bar[bar].addr, bar,
					   PRIMARY_INTERFACE);
	if (!epf->is_vf)
		pci_epc_remove_epf(epf->epc, epf, PRIMARY_INTERFACE);
	pci_epf_destroy(epf);
}

static struct pci_epf *fake_epf_named(struct fake_epc *fake)
{
	static atomic_t number;
	struct pci_epf *epf;
	char *name;

	name = devm_kasprintf(fake->dev, GFP_KERNEL, "dbk.%d",
			      atomic_inc_return(&number));
	KUNIT_ASSERT_NOT_NULL(fake->test, name);

	epf = pci_epf_create(name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(fake->test, epf);

	return epf;
}

struct pci_epf *fake_epf_create(struct fake_epc *fake)
{
	struct pci_epf *epf = fake_epf_named(fake);

	KUNIT_ASSERT_EQ(fake->test, 0,
			pci_epc_add_epf(fake->epc, epf, PRIMARY_INTERFACE));
	KUNIT_ASSERT_EQ(fake->test, 0,
			kunit_add_action_or_reset(fake->test, fake_epf_destroy, epf));

	return epf;
}

/* A virtual function, as it is when pci_epf_bind() has bound it */
struct pci_epf *fake_vf_create(struct fake_epc *fake, u8 func_no, u8 vfunc_no)
{
	struct pci_epf *epf = fake_epf_named(fake);

	epf->is_vf = true;
	epf->func_no = func_no;
	epf->vfunc_no = vfunc_no;
	epf->epc = fake->epc;
	KUNIT_ASSERT_EQ(fake->test, 0,
			kunit_add_action_or_reset(fake->test, fake_epf_destroy, epf));

	return epf;
}

/* A test that makes the kernel warn has found something. */
static void fake_expect_no_warning(void *data)
{
	struct fake_epc *fake = data;

	KUNIT_EXPECT_FALSE(fake->test, test_taint(TAINT_WARN));
}

/* A controller of a device that is there already */
struct fake_epc *fake_epc_create_for(struct kunit *test, struct device *dev)
{
	struct fake_epc *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->test = test;
	fake->features.dynamic_inbound_mapping = true;
	fake->windows = 16;
	if (!test_taint(TAINT_WARN))
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, fake_expect_no_warning, fake));
	fake_irqs_create(fake);

	fake->dev = dev;
	dev_set_drvdata(fake->dev, fake);
	fake_dma_setup(fake->dev);
	KUNIT_ASSERT_EQ(test, 0,
			dma_coerce_mask_and_coherent(fake->dev, DMA_BIT_MASK(64)));

	fake->epc = pci_epc_create(fake->dev, &fake_epc_ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fake->epc);
	fake->epc->max_functions = FAKE_FUNCS;
	memset(fake->max_vfs, FAKE_VFS, sizeof(fake->max_vfs));
	fake->epc->max_vfs = fake->max_vfs;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, fake_epc_destroy, fake->epc));

	fake->epf = fake_epf_create(fake);
	fake_epf_set_memory(fake, fake->epf, FAKE_MEM_BAR, FAKE_MEM_SIZE);

	return fake;
}

struct fake_epc *fake_epc_create(struct kunit *test)
{
	static atomic_t number;
	struct platform_device *pdev;

	pdev = kunit_platform_device_alloc(test, "fake-epc", atomic_inc_return(&number));
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_platform_device_add(test, pdev));

	return fake_epc_create_for(test, &pdev->dev);
}

/* The host */

unsigned int fake_add_reg(struct fake_epc *fake, u64 addr, u32 data, unsigned int irq)
{
	unsigned int n = fake->num_regs++;

	KUNIT_ASSERT_LT(fake->test, n, FAKE_REGS);
	fake->reg[n] = (struct fake_reg) {
		.addr = addr, .data = data, .irq = irq, .bar = NO_BAR,
	};

	return n;
}

static void fake_reg_write(struct fake_epc *fake, struct fake_reg *reg)
{
	atomic_inc(&reg->writes);
	generic_handle_irq_safe(fake->irq[reg->irq].virq);
}

/* A register that the hardware shows, whatever was programmed */
static bool fake_write_fixed(struct fake_epc *fake, enum pci_barno bar, u32 offset,
			     u32 value)
{
	unsigned int i;

	for (i = 0; i < fake->num_regs; i++) {
		struct fake_reg *reg = &fake->reg[i];

		if (reg->bar != bar || reg->offset != offset || reg->data != value)
			continue;
		fake_reg_write(fake, reg);
		return true;
	}

	return false;
}

static int fake_write_bus(struct fake_epc *fake, const struct pci_epf *epf,
			  u64 addr, u32 value)
{
	unsigned int i;

	if (addr >= FAKE_MMIO && fake->mmio && fake->mmio(fake, epf, addr, value))
		return 0;

	for (i = 0; i < fake->num_regs; i++) {
		struct fake_reg *reg = &fake->reg[i];

		if (reg->addr != addr || reg->data != value)
			continue;
		fake_reg_write(fake, reg);
		return 0;
	}
	/* A register that nobody knows: the write is dropped. */
	if (addr >= FAKE_MMIO)
		return -EFAULT;

	WRITE_ONCE(*(__le32 *)phys_to_virt(addr), cpu_to_le32(value));

	return 0;
}

/* The bus address that an offset of a BAR leads to */
u64 fake_reaches(struct fake_epc *fake, struct pci_epf *epf, enum pci_barno bar,
		 u32 offset)
{
	const struct fake_window *window =
		&fake_windows(fake, epf->func_no, epf->vfunc_no)[bar];
	unsigned int i;

	if (!window->used || offset >= window->bar.size)
		return FAKE_NOWHERE;
	if (!window->bar.num_submap)
		return window->bar.phys_addr + offset;
	for (i = 0; offset >= window->part[i].size; i++)
		offset -= window->part[i].size;

	return window->part[i].phys_addr + offset;
}

/* A write of the host; -ENXIO where the BAR shows nothing. */
int fake_host_write(struct fake_epc *fake, struct pci_epf *epf,
		    enum pci_barno bar, u32 offset, u32 value)
{
	const struct fake_window *window =
		&fake_windows(fake, epf->func_no, epf->vfunc_no)[bar];
	u64 addr = fake_reaches(fake, epf, bar, offset);

	if (fake->features.bar[bar].type == BAR_RESERVED)
		return fake_write_fixed(fake, bar, offset, value) ? 0 : -EFAULT;
	if (addr == FAKE_NOWHERE)
		return -ENXIO;
	/* The driver looks at what it kept: it must still be there. */
	if (window->kept->barno != bar || window->kept->size != window->bar.size)
		return -ESTALE;

	return fake_write_bus(fake, epf, addr, value);
}

/* Ring as the EPF's location says. */
int fake_ring(struct fake_epc *fake, struct pci_ep_db_set *set, unsigned int index)
{
	struct pci_ep_db_location loc;
	int ret = pci_ep_db_location(set, index, &loc);

	return ret ?: fake_host_write(fake, set->epf, loc.bar, loc.offset, loc.data);
}

int fake_ring_value(struct fake_epc *fake, struct pci_ep_db_set *set,
		    unsigned int index, u32 value)
{
	struct pci_ep_db_location loc;
	int ret = pci_ep_db_location(set, index, &loc);

	return ret ?: fake_host_write(fake, set->epf, loc.bar, loc.offset, value);
}

/* What must be as before */

unsigned int fake_threads(void)
{
	struct task_struct *p;
	unsigned int n = 0;

	guard(rcu)();
	for_each_process(p)
		if (!strncmp(p->comm, "db/", 3))
			n++;

	return n;
}

void fake_save(struct fake_epc *fake, struct fake_state *state)
{
	const struct fake_window *window =
		fake_windows(fake, fake->epf->func_no, fake->epf->vfunc_no);
	unsigned int i;

	memset(state, 0, sizeof(*state));
	memcpy(state->bar, fake->epf->bar, sizeof(state->bar));
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		state->kept[i] = window[i].kept;
		state->phys[i] = fake_reaches(fake, fake->epf, i, 0);
	}
	state->maps = atomic_read(&fake->maps);
	state->allocs = atomic_read(&fake->allocs);
	state->threads = fake_threads();
}

void fake_expect_as_before(struct fake_epc *fake, const struct fake_state *before)
{
	struct fake_state now;

	/* A thread that was stopped may take a moment to disappear. */
	FAKE_WAIT_UNTIL(fake->test, fake_threads() <= before->threads);
	fake_save(fake, &now);
	KUNIT_EXPECT_MEMEQ(fake->test, now.bar, before->bar, sizeof(now.bar));
	KUNIT_EXPECT_MEMEQ(fake->test, now.kept, before->kept, sizeof(now.kept));
	KUNIT_EXPECT_MEMEQ(fake->test, now.phys, before->phys, sizeof(now.phys));
	KUNIT_EXPECT_EQ(fake->test, now.maps, before->maps);
	KUNIT_EXPECT_EQ(fake->test, now.allocs, before->allocs);
	KUNIT_EXPECT_EQ(fake->test, now.threads, before->threads);
	KUNIT_EXPECT_EQ(fake->test, fake_requested(fake), 0);
}

/* debugfs, as a user reads it */

char *fake_read_debugfs(struct kunit *test, const char *name)
{
	const size_t size = SZ_64K;
	struct file_system_type *type = get_fs_type("debugfs");
	char *buf = kunit_kzalloc(test, size, GFP_KERNEL);
	struct seq_file out = { .buf = buf, .size = size };
	struct path root = {};
	struct vfsmount *mnt;
	struct seq_file *seq;
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_NOT_NULL(test, type);
	mnt = kern_mount(type);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mnt);
	root.mnt = mnt;
	root.dentry = mnt->mnt_root;

	file = file_open_root(&root, name, O_RDONLY, 0);
	if (!IS_ERR(file)) {
		seq = file->private_data;
		out.private = seq->private;
		seq->op->show(&out, NULL);
		fput(file);
	}
	kern_unmount(mnt);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));

	return buf;
}

/* Does the last request tell that @backend was refused, for @reason? */
bool fake_refused(struct kunit *test, const char *backend, const char *reason)
{
	char *text = fake_read_debugfs(test, "pci-ep-doorbell/requests");
	char *line, *last = NULL;
	size_t len = strlen(backend);

	for (line = strstr(text, "request "); line; line = strstr(line + 1, "\nrequest "))
		last = line;
	if (!last)
		return false;

	while ((line = strsep(&last, "\n")))
		if (!strncmp(line, "  ", 2) && !strncmp(line + 2, backend, len) &&
		    !strncmp(line + 2 + len, ": ", 2) && strstr(line + 2 + len, reason))
			return true;

	return false;
}

/* Did the kernel's log get a line about this function that begins so? */
bool fake_logged(const struct pci_epf *epf, const char *text)
{
	struct kmsg_dump_iter iter;
	char line[256], wanted[64];
	size_t len;

	scnprintf(wanted, sizeof(wanted), "%s: %s", dev_name(&epf->dev), text);
	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		if (strstr(line, wanted))
			return true;
	}

	return false;
}

/* The backend */

static struct fake_backend *to_fake_backend(struct pci_ep_db_backend *backend)
{
	return container_of(backend, struct fake_backend, backend);
}

static int fake_query(struct pci_ep_db_backend *backend, struct pci_epf *epf,
		      const struct pci_ep_db_request *req,
		      struct pci_ep_db_offer *offer)
{
	struct fake_backend *fb = to_fake_backend(backend);

	fb->queries++;
	*offer = fb->offer;

	return fb->query_ret;
}

/* The register of a doorbell */
static struct fake_reg *fake_reg_of(struct fake_backend *fb, unsigned int index)
{
	if (fb->regs)
		index %= fb->regs;

	return &fb->fake->reg[fb->first_reg + index];
}

static void fake_set_irqs(struct fake_backend *fb, struct pci_ep_db_set *set)
{
	unsigned int i;

	for (i = 0; i < set->count; i++)
		set->target[i].irq = fb->fake->irq[fake_reg_of(fb, i)->irq].virq;
	if (fb->bogus_irq)
		set->target[set->count - 1].irq = fb->bogus_irq;
}

static int fake_backend_alloc(struct pci_ep_db_set *set)
{
	struct fake_backend *fb = to_fake_backend(set->backend);

	fb->allocs++;
	if (fb->alloc_ret)
		return fb->alloc_ret;
	if (fb->give)
		set->count = fb->give;
	if (fb->offer.form != PCI_EP_DB_FORM_MEMORY)
		fake_set_irqs(fb, set);
	set->backend_data = fb;

	return 0;
}

static int fake_get_targets(struct pci_ep_db_set *set)
{
	struct fake_backend *fb = to_fake_backend(set->backend);
	unsigned int i;

	fb->targets++;
	for (i = 0; i < set->count; i++) {
		const struct fake_reg *reg = fake_reg_of(fb, i);
		struct pci_ep_db_target *target = &set->target[i];

		target->data = reg->data;
		target->bar = reg->bar;
		target->bar_offset = reg->offset;
		target->addr = reg->addr;
		target->clear_base = fb->clear_size ?
				     round_down(reg->addr, fb->clear_size) : reg->addr;
		target->clear_size = fb->clear_size;
	}
	if (fb->ring_in_targets)
		fake_reg_write(fb->fake, &fb->fake->reg[fb->first_reg]);

	return fb->targets_ret;
}

static void fake_backend_free(struct pci_ep_db_set *set)
{
	to_fake_backend(set->backend)->frees++;
}

static int fake_start(struct pci_ep_db_set *set)
{
	struct fake_backend *fb = to_fake_backend(set->backend);
	struct pci_ep_db_location loc;

	fb->starts++;
	/* Where to watch */
	KUNIT_EXPECT_EQ(fb->fake->test, 0, pci_ep_db_location(set, 0, &loc));

	return fb->start_ret;
}

static void fake_stop(struct pci_ep_db_set *set)
{
	struct fake_backend *fb = to_fake_backend(set->backend);

	fb->stops++;
	if (fb->block_stop) {
		complete(&fb->stopping);
		wait_for_completion(&fb->release);
	}
}

static void fake_wake(struct pci_ep_db_set *set)
{
	atomic_inc(&to_fake_backend(set->backend)->wakes);
}

static const struct pci_ep_db_backend_ops fake_ops = {
	.query		= fake_query,
	.alloc		= fake_backend_alloc,
	.get_targets	= fake_get_targets,
	.free		= fake_backend_free,
	.start		= fake_start,
	.stop		= fake_stop,
	.wake		= fake_wake,
};

static const struct pci_ep_db_backend_ops fake_memory_ops = {
	.query		= fake_query,
	.alloc		= fake_backend_alloc,
	.free		= fake_backend_free,
	.start		= fake_start,
	.stop		= fake_stop,
	.wake		= fake_wake,
};

static void fake_backend_cleanup(void *data)
{
	fake_backend_unregister(data);
}

/* A backend of the controller. For memory the test looks with pci_ep_db_poll(). */
struct fake_backend *fake_backend_create(struct fake_epc *fake, const char *name,
					 enum pci_ep_db_form form)
{
	struct fake_backend *fb = kunit_kzalloc(fake->test, sizeof(*fb), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(fake->test, fb);
	fb->fake = fake;
	fb->backend.name = name;
	fb->backend.type = PCI_EP_DB_CONTROLLER;
	fb->backend.epc = fake->epc;
	fb->backend.ops = form == PCI_EP_DB_FORM_MEMORY ? &fake_memory_ops : &fake_ops;
	fb->offer.form = form;
	fb->offer.caps = PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT;
	fb->offer.max_count = PCI_EP_DB_MAX_COUNT;
	fb->offer.process = form == PCI_EP_DB_FORM_MEMORY;
	init_completion(&fb->stopping);
	init_completion(&fb->release);

	return fb;
}

void fake_backend_register(struct fake_backend *fb)
{
	struct kunit *test = fb->fake->test;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_register_backend(&fb->backend));
	fb->registered = true;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, fake_backend_cleanup, fb));
}

void fake_backend_unregister(struct fake_backend *fb)
{
	if (!fb->registered)
		return;
	fb->registered = false;
	pci_ep_db_unregister_backend(&fb->backend);
}

/* The EPF */

static void fake_log_call(struct fake_log *log, unsigned int index, u32 value)
{
	unsigned int n = atomic_inc_return(&log->calls) - 1;

	if (n < FAKE_LOG) {
		log->index[n] = index;
		log->value[n] = value;
	}
	log->hard |= in_hardirq();
}

static enum pci_ep_db_return fake_handler(struct pci_ep_db_set *set, unsigned int index,
					  u32 value, void *priv)
{
	struct fake_log *log = priv;

	fake_log_call(log, index, value);
	if (set->req.can_sleep) {
		usleep_range(1, 2);
		log->sleepable = preemptible();
	}
	if (log->hook)
		log->hook(log, set, index, value);
	if (READ_ONCE(log->block)) {
		complete(&log->entered);
		wait_for_completion(&log->release);
	}
	complete(&log->called);

	return atomic_dec_if_positive(&log->again) >= 0 ? PCI_EP_DB_AGAIN : PCI_EP_DB_DONE;
}

static void fake_gone(struct pci_ep_db_set *set, void *priv)
{
	struct fake_log *log = priv;

	atomic_inc(&log->gone);
	if (log->free_in_gone)
		pci_ep_db_free(set);
}

struct fake_log *fake_log_create(struct fake_epc *fake)
{
	struct fake_log *log = kunit_kzalloc(fake->test, sizeof(*log), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(fake->test, log);
	log->fake = fake;
	init_completion(&log->called);
	init_completion(&log->entered);
	init_completion(&log->release);

	return log;
}

/* A request that any backend of @type can satisfy, anywhere but in the EPF's memory */
struct pci_ep_db_request fake_request(struct fake_log *log, enum pci_ep_db_kind kind,
				      unsigned int count, enum pci_ep_db_type type)
{
	return (struct pci_ep_db_request) {
		.name		= "kunit",
		.kind		= kind,
		.count		= count,
		.num_types	= 1,
		.types		= { type },
		.bar		= NO_BAR,
		.offset		= PCI_EP_DB_ANY_OFFSET,
		.handler	= fake_handler,
		.gone		= fake_gone,
		.priv		= log,
	};
}

KUNIT_DEFINE_ACTION_WRAPPER(fake_free_set, pci_ep_db_free, struct pci_ep_db_set *);

/* A set that is freed at the end of the test, or by fake_free() */
struct pci_ep_db_set *fake_alloc(struct fake_epc *fake,
				 const struct pci_ep_db_request *req)
{
	struct pci_ep_db_set *set = pci_ep_db_alloc(fake->epf, req);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(fake->test, set);
	KUNIT_ASSERT_EQ(fake->test, 0,
			kunit_add_action_or_reset(fake->test, fake_free_set, set));

	return set;
}

void fake_free(struct fake_epc *fake, struct pci_ep_db_set *set)
{
	kunit_release_action(fake->test, fake_free_set, set);
}

/* The errno of a request that must fail, 0 if it did not */
int fake_alloc_fails(struct fake_epc *fake, const struct pci_ep_db_request *req)
{
	struct pci_ep_db_set *set = pci_ep_db_alloc(fake->epf, req);

	if (IS_ERR(set))
		return PTR_ERR(set);
	pci_ep_db_free(set);

	return 0;
}

/* Threads */

static int fake_thread_func(void *data)
{
	struct fake_thread *thread = data;

	thread->func(thread->data);
	complete(&thread->done);

	return 0;
}

void fake_thread_run(struct kunit *test, struct fake_thread *thread,
		     void (*func)(void *data), void *data)
{
	struct task_struct *task;

	thread->func = func;
	thread->data = data;
	init_completion(&thread->done);
	task = kthread_create(fake_thread_func, thread, "fake-db");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	thread->task = get_task_struct(task);
	wake_up_process(task);
}

/* Wait until the thread waits for something itself. */
void fake_thread_wait_asleep(struct kunit *test, struct fake_thread *thread)
{
	FAKE_WAIT_UNTIL(test, completion_done(&thread->done) ||
			READ_ONCE(thread->task->__state) == TASK_UNINTERRUPTIBLE);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
}

void fake_thread_wait(struct kunit *test, struct fake_thread *thread)
{
	FAKE_WAIT(test, &thread->done);
	put_task_struct(thread->task);
}

/*
 * A request of a task that is being killed: kthread_create() fails, unless the
 * thread is there before the task begins to wait for it.
 */
int fake_alloc_killed(struct fake_epc *fake, const struct pci_ep_db_request *req)
{
	unsigned int i;
	int ret = 0;

	allow_kernel_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	for (i = 0; i < 1000 && !ret; i++)
		ret = fake_alloc_fails(fake, req);
	flush_signals(current);
	disallow_signal(SIGKILL);

	return ret;
}

/* Set the module parameter storm_percent, return what it was. */
unsigned int fake_set_storm_percent(unsigned int percent)
{
	return xchg(&pci_ep_db_storm_percent, percent);
}

/* What a case begins with */

int fake_test_init(struct kunit *test)
{
	struct fake_test *ft = kunit_kzalloc(test, sizeof(*ft), GFP_KERNEL);
	struct fake_epc *fake = fake_epc_create(test);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, ft);
	ft->fake = fake;
	ft->log = fake_log_create(fake);
	ft->bus = fake_backend_create(fake, "bus", PCI_EP_DB_FORM_BUS);
	ft->memory = fake_backend_create(fake, "memory", PCI_EP_DB_FORM_MEMORY);
	for (i = 0; i < 4; i++)
		fake_add_reg(fake, FAKE_MMIO + 0x40, i, i);
	fake_save(fake, &ft->before);
	test->priv = ft;

	return 0;
}

/* A request for kicks that a backend of the controller's own can satisfy */
struct pci_ep_db_request fake_kicks(struct fake_test *ft, unsigned int count)
{
	return fake_request(ft->log, PCI_EP_DB_KICK, count, PCI_EP_DB_CONTROLLER);
}
