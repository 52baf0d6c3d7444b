// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: what a test can see and do
 *
 *   board		name of the board
 *   link		1 or 0; write 0 to pull the cable, 1 to plug it in
 *   perst		1 or 0; write 1 to assert PERST#, 0 to deassert it
 *   present		1 or 0; write 0 to pull the card out of its slot, 1 to put
 *			it back
 *   msi		1 or 0; write 1 to have the EP's MSI controller, if it is
 *			late (vep.late_msi)
 *   stats		'name value' lines
 *   windows		the iATU windows that are on
 *   host_write		'FUNC BAR OFFSET SIZE VALUE [COUNT]': the host writes
 *   host_read		'FUNC BAR OFFSET SIZE': the host reads; read it back here
 *   host_write_on_unmap, host_write_on_event
 *			'FUNC BAR OFFSET 4 VALUE': the host writes once, at that
 *			moment; see enum vep_moment
 *   msi_refuse		so many allocations of the EP's MSI controller fail from
 *			now on, one event each
 *   dma_lose		so many interrupts of the DMA engine get lost from now on,
 *			of those that tell that data is in the host's memory
 *   host_mem		memory of the host for a test that is the host driver
 *   host_mem_addr	its PCI address
 *   doorbells		'OFFSET irq IRQ' lines: the doorbell registers that the
 *			controller's driver offers
 *   doorbell_race	read it: the first of them is rung, and once more while
 *			that is handled; how often a handler was called
 */
#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "vep.h"

#define VEP_CMD_MAX		128
#define VEP_COUNT_MAX		1000000

static const char * const vep_stat_name[] = {
	[VEP_STAT_INBOUND_UNCLAIMED]	= "inbound_unclaimed",
	[VEP_STAT_OUTBOUND_UNCLAIMED]	= "outbound_unclaimed",
	[VEP_STAT_IOMMU_FAULTS]		= "iommu_faults",
	[VEP_STAT_HOST_DMA_FAULTS]	= "host_dma_faults",
	[VEP_STAT_UNKNOWN_LOCAL]	= "unknown_local",
	[VEP_STAT_BUS_MASTER_OFF]	= "bus_master_off",
	[VEP_STAT_LINK_DOWN]		= "link_down_access",
	[VEP_STAT_IN_RESET]		= "in_reset_access",
	[VEP_STAT_DBI_RO]		= "dbi_ro_writes",
	[VEP_STAT_HOST_MSI]		= "host_msi",
	[VEP_STAT_HOST_MSI_STRAY]	= "host_msi_stray",
	[VEP_STAT_EDMA_IRQ]		= "edma_irq",
	[VEP_STAT_EDMA_RING]		= "edma_ring",
	[VEP_STAT_MSI_RING]		= "msi_ring",
	[VEP_STAT_MSI_STRAY]		= "msi_stray",
	[VEP_STAT_TRAP_IRQ]		= "trap_irq",
};

static_assert(ARRAY_SIZE(vep_stat_name) == VEP_NR_STATS);

static int vep_board_show(struct seq_file *s, void *unused)
{
	struct vep *v = s->private;

	seq_printf(s, "%s\n", v->board->name);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vep_board);

static int vep_stats_show(struct seq_file *s, void *unused)
{
	struct vep *v = s->private;

	seq_printf(s, "link %d\n", READ_ONCE(v->link));
	for (unsigned int i = 0; i < VEP_NR_STATS; i++)
		seq_printf(s, "%s %ld\n", vep_stat_name[i],
			   atomic_long_read(&v->stat[i]));

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vep_stats);

static int vep_windows_show(struct seq_file *s, void *unused)
{
	vep_atu_show(s->private, s);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vep_windows);

static int vep_doorbells_show(struct seq_file *s, void *unused)
{
	vep_doorbell_show(s->private, s);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vep_doorbells);

static int vep_doorbell_race_show(struct seq_file *s, void *unused)
{
	int told = vep_doorbell_race(s->private);

	if (told < 0)
		return told;
	seq_printf(s, "%d\n", told);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vep_doorbell_race);

static int vep_link_get(void *data, u64 *val)
{
	struct vep *v = data;

	*val = READ_ONCE(v->link);
	return 0;
}

/* Returns when both sides know. */
static int vep_link_put(void *data, u64 val)
{
	struct vep *v = data;

	if (val > 1)
		return -EINVAL;
	vep_link_set(v, &v->cut, !val);
	flush_work(&v->link_work);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(vep_link_fops, vep_link_get, vep_link_put, "%llu\n");

static int vep_perst_get(void *data, u64 *val)
{
	struct vep *v = data;

	*val = READ_ONCE(v->perst);
	return 0;
}

static int vep_perst_put(void *data, u64 val)
{
	struct vep *v = data;

	if (val > 1)
		return -EINVAL;
	vep_slot_set(v, &v->perst, val);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(vep_perst_fops, vep_perst_get, vep_perst_put, "%llu\n");

static int vep_msi_get(void *data, u64 *val)
{
	struct vep *v = data;

	*val = !!READ_ONCE(v->msi.domain);
	return 0;
}

static int vep_msi_put(void *data, u64 val)
{
	struct vep *v = data;

	if (val != 1)
		return -EINVAL;

	guard(mutex)(&v->debug_lock);

	return vep_probe_msi(v);
}
DEFINE_DEBUGFS_ATTRIBUTE(vep_msi_fops, vep_msi_get, vep_msi_put, "%llu\n");

static int vep_present_get(void *data, u64 *val)
{
	struct vep *v = data;

	*val = !READ_ONCE(v->pulled);
	return 0;
}

static int vep_present_put(void *data, u64 val)
{
	struct vep *v = data;

	if (val > 1)
		return -EINVAL;
	vep_slot_set(v, &v->pulled, !val);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(vep_present_fops, vep_present_get, vep_present_put,
			 "%llu\n");

/* Split @cmd into numbers; the number of them, or -EINVAL. */
static int vep_parse(const char *cmd, u64 *arg, int max)
{
	char *dup __free(kfree) = kstrdup(cmd, GFP_KERNEL);
	char *rest, *word;
	int n = 0;

	if (!dup)
		return -ENOMEM;

	rest = strim(dup);
	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (n == max || kstrtou64(word, 0, &arg[n++]))
			return -EINVAL;
	}

	return n;
}

/* The PCI address that FUNC BAR OFFSET SIZE mean */
static int vep_target(struct vep *v, const u64 *arg, u64 *addr)
{
	u64 func = arg[0], bar = arg[1], offset = arg[2], size = arg[3];
	u64 bar_size;

	if (func >= v->board->functions || bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return -EINVAL;

	bar_size = vep_bar_size(v, func, bar);
	if (offset >= bar_size || size > bar_size - offset)
		return -EINVAL;
	*addr = vep_bar_addr(v, func, bar);
	if (!*addr)
		return -ENXIO;
	*addr += offset;

	return 0;
}

/**
 * vep_debugfs_host_write() - carry out a host_write command
 * @v: the endpoint
 * @cmd: FUNC BAR OFFSET SIZE VALUE [COUNT]
 *
 * Return: 0 or a negative errno.
 */
int vep_debugfs_host_write(struct vep *v, const char *cmd)
{
	u64 arg[6] = { 0, 0, 0, 0, 0, 1 };
	int ret, n = vep_parse(cmd, arg, ARRAY_SIZE(arg));
	u64 addr;

	if (n < 0)
		return n;
	if (n < 5 || arg[5] > VEP_COUNT_MAX)
		return -EINVAL;
	ret = vep_target(v, arg, &addr);
	if (ret)
		return ret;
	if (arg[3] < 8 && arg[4] >> (8 * arg[3]))
		return -EINVAL;

	while (arg[5]--) {
		u64 data = arg[4];

		/* Whatever becomes of it: a host's write is posted. */
		vep_ep_mem(v, addr, &data, arg[3], true);
		cond_resched();
		if (signal_pending(current))
			return -EINTR;
	}

	return 0;
}

/**
 * vep_debugfs_host_read() - carry out a host_read command
 * @v: the endpoint
 * @cmd: FUNC BAR OFFSET SIZE
 *
 * Return: 0 or a negative errno.
 */
int vep_debugfs_host_read(struct vep *v, const char *cmd)
{
	u64 arg[4], addr, data = 0;
	int ret, n = vep_parse(cmd, arg, ARRAY_SIZE(arg));

	if (n < 0)
		return n;
	if (n < 4)
		return -EINVAL;
	ret = vep_target(v, arg, &addr);
	if (ret)
		return ret;

	vep_ep_mem(v, addr, &data, arg[3], false);
	guard(mutex)(&v->debug_lock);
	v->debug_read = data;

	return 0;
}

/**
 * vep_debugfs_arm() - carry out a host_write_on_... command
 * @v: the endpoint
 * @moment: what the write waits for
 * @cmd: FUNC BAR OFFSET SIZE VALUE, SIZE is 4
 *
 * Return: 0 or a negative errno.
 */
int vep_debugfs_arm(struct vep *v, enum vep_moment moment, const char *cmd)
{
	int ret, n;
	u64 arg[5], addr;

	n = vep_parse(cmd, arg, ARRAY_SIZE(arg));
	if (n < 0)
		return n;
	if (n < 5 || arg[3] != sizeof(u32) || arg[4] > U32_MAX)
		return -EINVAL;
	ret = vep_target(v, arg, &addr);
	if (ret)
		return ret;

	guard(raw_spinlock_irqsave)(&v->lock);
	v->armed[moment].addr = addr;
	v->armed[moment].data = arg[4];

	return 0;
}

static ssize_t vep_command(struct file *file, const char __user *ubuf,
			   size_t count, loff_t *ppos,
			   int (*run)(struct vep *v, const char *cmd))
{
	char cmd[VEP_CMD_MAX];
	int ret;

	if (*ppos || count >= sizeof(cmd))
		return -EINVAL;
	if (copy_from_user(cmd, ubuf, count))
		return -EFAULT;
	cmd[count] = '\0';
	ret = run(file_inode(file)->i_private, cmd);
	if (ret)
		return ret;
	*ppos += count;

	return count;
}

static ssize_t vep_host_write_write(struct file *file, const char __user *ubuf,
				    size_t count, loff_t *ppos)
{
	return vep_command(file, ubuf, count, ppos, vep_debugfs_host_write);
}

static const struct file_operations vep_host_write_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= vep_host_write_write,
};

static int vep_arm_on_unmap(struct vep *v, const char *cmd)
{
	return vep_debugfs_arm(v, VEP_ON_UNMAP, cmd);
}

static ssize_t vep_host_write_on_unmap_write(struct file *file,
					     const char __user *ubuf,
					     size_t count, loff_t *ppos)
{
	return vep_command(file, ubuf, count, ppos, vep_arm_on_unmap);
}

static const struct file_operations vep_host_write_on_unmap_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= vep_host_write_on_unmap_write,
};

static int vep_arm_on_event(struct vep *v, const char *cmd)
{
	return vep_debugfs_arm(v, VEP_ON_EVENT, cmd);
}

static ssize_t vep_host_write_on_event_write(struct file *file,
					     const char __user *ubuf,
					     size_t count, loff_t *ppos)
{
	return vep_command(file, ubuf, count, ppos, vep_arm_on_event);
}

static const struct file_operations vep_host_write_on_event_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= vep_host_write_on_event_write,
};

static ssize_t vep_host_read_write(struct file *file, const char __user *ubuf,
				   size_t count, loff_t *ppos)
{
	return vep_command(file, ubuf, count, ppos, vep_debugfs_host_read);
}

static ssize_t vep_host_read_read(struct file *file, char __user *ubuf,
				  size_t count, loff_t *ppos)
{
	struct vep *v = file->private_data;
	char text[24];
	int len;

	scoped_guard(mutex, &v->debug_lock)
		len = scnprintf(text, sizeof(text), "0x%llx\n", v->debug_read);

	return simple_read_from_buffer(ubuf, count, ppos, text, len);
}

static const struct file_operations vep_host_read_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.read	= vep_host_read_read,
	.write	= vep_host_read_write,
};

static ssize_t vep_host_mem_read(struct file *file, char __user *ubuf,
				 size_t count, loff_t *ppos)
{
	struct vep *v = file->private_data;

	return simple_read_from_buffer(ubuf, count, ppos, v->host_mem,
				       VEP_HOST_MEM_SIZE);
}

static ssize_t vep_host_mem_write(struct file *file, const char __user *ubuf,
				  size_t count, loff_t *ppos)
{
	struct vep *v = file->private_data;

	return simple_write_to_buffer(v->host_mem, VEP_HOST_MEM_SIZE, ppos, ubuf,
				      count);
}

/* The EP reads and writes at the same time, as it does with any host's memory. */
static const struct file_operations vep_host_mem_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.llseek	= default_llseek,
	.read	= vep_host_mem_read,
	.write	= vep_host_mem_write,
};

/**
 * vep_debugfs_init() - make the files
 * @v: the endpoint
 */
void vep_debugfs_init(struct vep *v)
{
	struct dentry *dir = debugfs_create_dir("vep", NULL);

	debugfs_create_file("board", 0444, dir, v, &vep_board_fops);
	debugfs_create_file("stats", 0444, dir, v, &vep_stats_fops);
	debugfs_create_file("windows", 0444, dir, v, &vep_windows_fops);
	debugfs_create_file_unsafe("link", 0644, dir, v, &vep_link_fops);
	debugfs_create_file_unsafe("perst", 0644, dir, v, &vep_perst_fops);
	debugfs_create_file_unsafe("present", 0644, dir, v, &vep_present_fops);
	debugfs_create_file_unsafe("msi", 0644, dir, v, &vep_msi_fops);
	debugfs_create_file("host_write", 0200, dir, v, &vep_host_write_fops);
	debugfs_create_file("host_write_on_unmap", 0200, dir, v,
			    &vep_host_write_on_unmap_fops);
	debugfs_create_file("host_write_on_event", 0200, dir, v,
			    &vep_host_write_on_event_fops);
	debugfs_create_file("host_read", 0600, dir, v, &vep_host_read_fops);
	debugfs_create_file_size("host_mem", 0600, dir, v, &vep_host_mem_fops,
				 VEP_HOST_MEM_SIZE);
	debugfs_create_x64("host_mem_addr", 0400, dir, &v->host_mem_addr);
	debugfs_create_u32("msi_refuse", 0600, dir, &v->msi.refuse);
	debugfs_create_u32("dma_lose", 0600, dir, &v->dma_lose);
	debugfs_create_file("doorbells", 0444, dir, v, &vep_doorbells_fops);
	debugfs_create_file("doorbell_race", 0400, dir, v,
			    &vep_doorbell_race_fops);
}
