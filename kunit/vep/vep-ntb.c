// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: an NTB client whose peer rings at the worst moment
 *
 * A test arms a write of the model's host, see vep-debugfs.c. It happens while
 * this client is being told of doorbell 0.
 *
 *   debugfs vep_ntb/events	how often it was told
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/ntb.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "vep.h"

static char *vep_ntb_device;
module_param_named(device, vep_ntb_device, charp, 0444);
MODULE_PARM_DESC(device, "name of the PCI device that the NTB device belongs to");

static atomic_t vep_ntb_events;
static struct dentry *vep_ntb_dir;

/* In the context of the NTB driver, with its context lock held. */
static void vep_ntb_db_event(void *ctx, int vec)
{
	if (vec)
		return;

	vep_host_write_armed(vep_get(), VEP_ON_EVENT);
	atomic_inc(&vep_ntb_events);
}

static const struct ntb_ctx_ops vep_ntb_ctx_ops = {
	.db_event = vep_ntb_db_event,
};

static int vep_ntb_probe(struct ntb_client *client, struct ntb_dev *ntb)
{
	if (!vep_ntb_device || strcmp(vep_ntb_device, pci_name(ntb->pdev)))
		return -ENODEV;

	return ntb_set_ctx(ntb, ntb, &vep_ntb_ctx_ops);
}

static void vep_ntb_remove(struct ntb_client *client, struct ntb_dev *ntb)
{
	ntb_clear_ctx(ntb);
}

static struct ntb_client vep_ntb_client = {
	.ops = {
		.probe = vep_ntb_probe,
		.remove = vep_ntb_remove,
	},
};

static int __init vep_ntb_init(void)
{
	int ret;

	if (!vep_get())
		return -ENODEV;

	vep_ntb_dir = debugfs_create_dir("vep_ntb", NULL);
	debugfs_create_atomic_t("events", 0444, vep_ntb_dir, &vep_ntb_events);
	ret = ntb_register_client(&vep_ntb_client);
	if (ret)
		debugfs_remove(vep_ntb_dir);

	return ret;
}
module_init(vep_ntb_init);

static void __exit vep_ntb_exit(void)
{
	ntb_unregister_client(&vep_ntb_client);
	debugfs_remove(vep_ntb_dir);
}
module_exit(vep_ntb_exit);

MODULE_DESCRIPTION("NTB client of the virtual PCI endpoint");
MODULE_LICENSE("GPL");
