// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: choice of the board, making it, and the link
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/slab.h>

#include "vep.h"

extern u8 __dtbo_vep_begin[], __dtbo_vep_end[];

static char *vep_board;
module_param_named(board, vep_board, charp, 0444);
MODULE_PARM_DESC(board, "the board to create; nothing is created without it");

static unsigned int vep_functions;
module_param_named(functions, vep_functions, uint, 0444);
MODULE_PARM_DESC(functions,
		 "physical functions, other than the real board has");

static bool vep_late_msi;
module_param_named(late_msi, vep_late_msi, bool, 0444);
MODULE_PARM_DESC(late_msi,
		 "the endpoint's MSI controller comes when 1 is written to vep/msi in debugfs");

/*
 * The only endpoint of the kernel that has addresses and devices. The regions
 * of logic_iomem carry no context.
 */
static struct vep *vep_live;

/**
 * vep_get() - the endpoint that the kernel's devices belong to
 *
 * Return: the endpoint, NULL when no board was chosen.
 */
struct vep *vep_get(void)
{
	return vep_live;
}
EXPORT_SYMBOL_GPL(vep_get);

static void vep_notify(struct vep *v, enum vep_event event)
{
	if (v->notify)
		v->notify(v->notify_data, event);
}

/* Both sides hear of every change, also of one that was undone meanwhile. */
static void vep_link_work(struct work_struct *work)
{
	struct vep *v = container_of(work, struct vep, link_work);
	unsigned int seq;
	bool up;

	for (;;) {
		scoped_guard(raw_spinlock_irqsave, &v->lock) {
			seq = v->link_seq;
			up = v->link;
		}
		if (seq == v->link_seen)
			return;

		if (v->link_told) {
			if (READ_ONCE(v->pulled))
				v->host_ops->pulled(v->host);
			v->host_ops->link(v->host, false);
			vep_notify(v, VEP_LINK_DOWN);
		}
		if (up) {
			vep_notify(v, VEP_LINK_UP);
			v->host_ops->link(v->host, true);
		}
		v->link_told = up;
		v->link_seen = seq;
	}
}

/**
 * vep_link_set() - something changed that the link depends on
 * @v: the endpoint
 * @what: &v->started, &v->cut, &v->perst, &v->pulled, or &v->in_reset
 * @value: its new value
 *
 * The registers change at once; both sides are told from a work item, because
 * the caller may hold locks of the endpoint core.
 */
void vep_link_set(struct vep *v, bool *what, bool value)
{
	bool up;

	guard(raw_spinlock_irqsave)(&v->lock);
	WRITE_ONCE(*what, value);
	/* What starts the link is a register. */
	if (v->in_reset)
		v->started = false;
	up = v->started && !v->cut && !v->perst && !v->pulled;
	if (up == v->link)
		return;

	WRITE_ONCE(v->link, up);
	v->link_seq++;
	if (!up)
		vep_dwc_link_reset(v);
	if (v->host_ops)
		queue_work(system_dfl_wq, &v->link_work);
}

/**
 * vep_in_reset() - are the controller's registers out of reach of the EP
 * @v: the endpoint
 *
 * A real one hangs the CPU, or aborts. Here nothing happens, but not silently:
 * reads are zero, because pcie-designware-ep.c takes the number of a BAR from
 * what it reads (dw_pcie_ep_raise_msix_irq()) and looks it up unchecked.
 *
 * Return: true while PERST# is asserted.
 */
bool vep_in_reset(struct vep *v)
{
	if (!READ_ONCE(v->in_reset))
		return false;

	vep_unclaimed(v, VEP_STAT_IN_RESET,
		      "a register of the controller, PERST# is asserted\n");
	return true;
}

/**
 * vep_slot_set() - PERST# or the slot that the card is in changed
 * @v: the endpoint
 * @what: &v->perst or &v->pulled
 * @value: its new value
 *
 * In an empty slot PERST# is asserted. As with upstream's glue drivers the EP
 * side hears of PERST# when it is deasserted, when there are registers again.
 *
 * Returns when both sides know. Context: process.
 */
void vep_slot_set(struct vep *v, bool *what, bool value)
{
	bool reset;

	guard(mutex)(&v->slot_lock);
	vep_link_set(v, what, value);
	reset = v->perst || v->pulled;
	if (reset == v->in_reset)
		return;

	/* What the DMA engine moves fails without a link: let it say so. */
	if (reset)
		vep_dma_settle(v);
	vep_link_set(v, &v->in_reset, reset);
	if (reset) {
		/* The DMA engine first, it is the one that acts by itself. */
		vep_dma_reset(v);
		vep_atu_reset(v);
		vep_dwc_reset(v);
	} else {
		vep_notify(v, VEP_PERST_DEASSERT);
	}
	flush_work(&v->link_work);
}

/**
 * vep_create() - make an endpoint that nothing is connected to yet
 * @board: its board
 *
 * Return: the endpoint or an error pointer.
 */
struct vep *vep_create(const struct vep_board *board)
{
	struct vep *v = kvzalloc_obj(*v);
	int ret;

	if (!v)
		return ERR_PTR(-ENOMEM);

	v->board = board;
	raw_spin_lock_init(&v->lock);
	raw_spin_lock_init(&v->atu_lock);
	raw_spin_lock_init(&v->iommu.lock);
	raw_spin_lock_init(&v->words_lock);
	INIT_LIST_HEAD(&v->words);
	mutex_init(&v->slot_lock);
	mutex_init(&v->debug_lock);
	INIT_WORK(&v->link_work, vep_link_work);
	vep_lines_init(v);
	vep_dwc_init(v);
	vep_atu_init(v);

	ret = vep_msi_init(&v->msi, VEP_EP_MSIS, VEP_REG_BASE + VEP_MSI_OFFSET +
			   VEP_MSI_DOORBELL, NULL);
	if (ret)
		goto err_free;
	if (board->iommu) {
		ret = vep_iommu_init(&v->iommu, VEP_EP_IOVA);
		if (ret)
			goto err_msi;
	}
	vep_dma_init(v);

	return v;

err_msi:
	vep_msi_exit(&v->msi);
err_free:
	kvfree(v);
	return ERR_PTR(ret);
}

/**
 * vep_destroy() - free an endpoint that nothing is connected to any more
 * @v: the endpoint
 */
void vep_destroy(struct vep *v)
{
	flush_work(&v->link_work);
	vep_dma_exit(v);
	vep_lines_exit(v);
	vep_iommu_exit(&v->iommu);
	vep_msi_exit(&v->msi);
	kvfree(v);
}

/**
 * vep_probe_msi() - what the driver of the EP's MSI controller does
 * @v: the endpoint
 *
 * Return: 0; -EEXIST if it has done so; -ENODEV if the board has none; -ENOMEM.
 */
int vep_probe_msi(struct vep *v)
{
	struct device_node *root __free(device_node) =
		of_find_node_by_path("/vep");
	struct device_node *np __free(device_node) =
		of_get_child_by_name(root, v->board->name);
	struct device_node *msi __free(device_node) =
		of_get_child_by_name(np, "msi-controller");

	if (v->msi.domain)
		return -EEXIST;
	if (!msi)
		return -ENODEV;

	return vep_msi_create_ep(&v->msi, of_fwnode_handle(msi));
}

static int __init vep_create_domains(struct vep *v, struct device_node *np)
{
	struct device_node *intc __free(device_node) =
		of_get_child_by_name(np, "interrupt-controller");
	int ret;

	if (!intc)
		return -EINVAL;

	ret = vep_intc_create(v, of_fwnode_handle(intc));
	if (ret || !v->board->msi || vep_late_msi)
		return ret;

	return vep_probe_msi(v);
}

/*
 * The domains come before the devices: an interrupt that cannot be resolved
 * makes the DMA engine go missing without a word.
 */
static int __init vep_create_devices(struct vep *v)
{
	int ret, changeset;

	ret = of_overlay_fdt_apply(__dtbo_vep_begin,
				   __dtbo_vep_end - __dtbo_vep_begin,
				   &changeset, NULL);
	if (ret)
		return ret;

	struct device_node *root __free(device_node) =
		of_find_node_by_path("/vep");
	struct device_node *np __free(device_node) =
		of_get_child_by_name(root, v->board->name);

	if (!np)
		return -ENODEV;
	ret = vep_create_domains(v, np);
	if (ret)
		return ret;
	ret = vep_glue_register();
	if (ret)
		return ret;

	return of_platform_default_populate(np, NULL, NULL);
}

static int __init vep_connect(struct vep *v)
{
	int ret = vep_bus_init();

	if (ret)
		return ret;
	ret = vep_host_create(v);
	if (ret)
		return ret;
	ret = vep_create_devices(v);
	if (ret)
		return ret;

	vep_debugfs_init(v);

	return 0;
}

/*
 * The board as vep.functions= wants it, which is for ever like vep_live. The
 * functions share the inbound windows: it has all that there can be.
 */
static const struct vep_board * __init vep_board_with(const struct vep_board *board,
						      unsigned int functions)
{
	static struct vep_board changed;

	if (!functions)
		return board;

	changed = *board;
	changed.functions = min(functions, VEP_MAX_FUNCS);
	changed.ib_windows = VEP_MAX_WINDOWS;

	return &changed;
}

static int __init vep_init(void)
{
	const struct vep_board *board;
	char names[128];
	struct vep *v;
	int ret;

	if (!vep_board || !*vep_board)
		return 0;

	board = vep_board_find(vep_board);
	if (!board) {
		vep_board_names(names, sizeof(names));
		pr_err("vep: no board \"%s\", there are: %s\n", vep_board, names);
		return 0;
	}

	v = vep_create(vep_board_with(board, vep_functions));
	if (IS_ERR(v)) {
		pr_err("vep: no memory for board %s\n", board->name);
		return PTR_ERR(v);
	}

	/* From here on it is reachable from devices and stays for ever. */
	vep_live = v;
	ret = vep_connect(v);
	if (ret)
		pr_err("vep: board %s is incomplete: %d\n", board->name, ret);
	else
		pr_info("vep: board %s\n", board->name);

	return ret;
}
late_initcall(vep_init);
