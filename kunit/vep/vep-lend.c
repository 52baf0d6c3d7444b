// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: an endpoint function that lends parts of a BAR
 *
 * BAR0 is memory in which every word says where it is. In vep-lend/ of debugfs:
 *
 *   lend		'SLOT OFFSET SIZE': doorbells in that part of BAR0; a SIZE
 *			of 0 gives those of that slot back
 *   doorbells		'SLOT INDEX BAR OFFSET DATA RINGS' lines
 *   memory		BAR0 as this side sees it
 */
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define LEND_SLOTS		4
#define LEND_COUNT		2
#define LEND_BAR		BAR_0
#define LEND_BAR_SIZE		SZ_64K
#define LEND_CMD_MAX		64

/**
 * struct lend_slot - doorbells in one part of the BAR
 * @set: the doorbells; NULL if there are none
 * @rings: how often each of them rang
 */
struct lend_slot {
	struct pci_ep_db_set *set;
	atomic_t rings[LEND_COUNT];
};

/**
 * struct lend - the function
 * @epf: the function
 * @lock: protects @slot
 * @slot: the parts that are lent
 * @blob: the memory
 * @dir: the folder in debugfs
 */
struct lend {
	struct pci_epf *epf;
	struct mutex lock; /* protects slot */
	struct lend_slot slot[LEND_SLOTS];
	struct debugfs_blob_wrapper blob;
	struct dentry *dir;
};

static struct pci_epf_header lend_header = {
	.vendorid	= PCI_ANY_ID,
	.deviceid	= PCI_ANY_ID,
	.baseclass_code	= PCI_CLASS_OTHERS,
};

static enum pci_ep_db_return lend_rung(struct pci_ep_db_set *set,
				       unsigned int index, u32 value, void *priv)
{
	struct lend_slot *slot = priv;

	atomic_inc(&slot->rings[index]);

	return PCI_EP_DB_DONE;
}

static void lend_take_back(struct lend_slot *slot)
{
	pci_ep_db_free(slot->set);
	slot->set = NULL;
}

static void lend_take_all_back(struct lend *lend)
{
	guard(mutex)(&lend->lock);

	for (unsigned int i = 0; i < LEND_SLOTS; i++)
		lend_take_back(&lend->slot[i]);
}

static int lend_part(struct lend *lend, struct lend_slot *slot, u32 offset,
		     u32 size)
{
	struct pci_ep_db_request req = {
		.name		= "lend",
		.kind		= PCI_EP_DB_KICK,
		.count		= LEND_COUNT,
		.bar		= LEND_BAR,
		.offset		= PCI_EP_DB_ANY_OFFSET,
		.lend		= BIT(LEND_BAR),
		.lend_offset	= offset,
		.lend_size	= size,
		.handler	= lend_rung,
		.priv		= slot,
	};
	struct pci_ep_db_set *set;
	int ret;

	memset(slot->rings, 0, sizeof(slot->rings));
	set = pci_ep_db_alloc(lend->epf, &req);
	if (IS_ERR(set))
		return PTR_ERR(set);

	ret = pci_ep_db_enable(set);
	if (ret)
		pci_ep_db_free(set);
	else
		slot->set = set;

	return ret;
}

static ssize_t lend_write(struct file *file, const char __user *ubuf,
			  size_t count, loff_t *ppos)
{
	struct lend *lend = file_inode(file)->i_private;
	unsigned int slot, offset, size;
	char cmd[LEND_CMD_MAX];
	int ret = 0;

	if (*ppos || count >= sizeof(cmd))
		return -EINVAL;
	if (copy_from_user(cmd, ubuf, count))
		return -EFAULT;
	cmd[count] = '\0';
	if (sscanf(cmd, "%u %i %i", &slot, &offset, &size) != 3 ||
	    slot >= LEND_SLOTS)
		return -EINVAL;

	guard(mutex)(&lend->lock);

	lend_take_back(&lend->slot[slot]);
	if (size)
		ret = lend_part(lend, &lend->slot[slot], offset, size);

	return ret ?: count;
}

static const struct file_operations lend_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= lend_write,
};

static int lend_doorbells_show(struct seq_file *s, void *unused)
{
	struct lend *lend = s->private;
	struct pci_ep_db_location loc;

	guard(mutex)(&lend->lock);

	for (unsigned int i = 0; i < LEND_SLOTS * LEND_COUNT; i++) {
		struct lend_slot *slot = &lend->slot[i / LEND_COUNT];
		unsigned int index = i % LEND_COUNT;

		if (!slot->set || pci_ep_db_location(slot->set, index, &loc))
			continue;
		seq_printf(s, "%u %u %d 0x%x 0x%x %d\n", i / LEND_COUNT, index,
			   loc.bar, loc.offset, loc.data,
			   atomic_read(&slot->rings[index]));
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lend_doorbells);

static int lend_epc_init(struct pci_epf *epf)
{
	int ret = pci_epc_write_header(epf->epc, epf->func_no, epf->vfunc_no,
				       epf->header);

	return ret ?: pci_epc_set_bar(epf->epc, epf->func_no, epf->vfunc_no,
				      &epf->bar[LEND_BAR]);
}

static void lend_epc_deinit(struct pci_epf *epf)
{
	lend_take_all_back(epf_get_drvdata(epf));
	pci_epc_clear_bar(epf->epc, epf->func_no, epf->vfunc_no,
			  &epf->bar[LEND_BAR]);
}

static int lend_link_down(struct pci_epf *epf)
{
	lend_take_all_back(epf_get_drvdata(epf));

	return 0;
}

static const struct pci_epc_event_ops lend_event_ops = {
	.epc_init	= lend_epc_init,
	.epc_deinit	= lend_epc_deinit,
	.link_down	= lend_link_down,
};

static int lend_bind(struct pci_epf *epf)
{
	const struct pci_epc_features *features =
		pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	struct lend *lend = epf_get_drvdata(epf);
	__le32 *memory;

	if (!features)
		return -EOPNOTSUPP;

	memory = pci_epf_alloc_space(epf, LEND_BAR_SIZE, LEND_BAR, features,
				     PRIMARY_INTERFACE);
	if (!memory)
		return -ENOMEM;

	lend->blob.data = memory;
	lend->blob.size = epf->bar[LEND_BAR].size;
	for (unsigned int i = 0; i < lend->blob.size / sizeof(*memory); i++)
		memory[i] = cpu_to_le32(i * sizeof(*memory));

	lend->dir = debugfs_create_dir("vep-lend", NULL);
	debugfs_create_file("lend", 0200, lend->dir, lend, &lend_fops);
	debugfs_create_file("doorbells", 0444, lend->dir, lend,
			    &lend_doorbells_fops);
	debugfs_create_blob("memory", 0444, lend->dir, &lend->blob);

	return 0;
}

static void lend_unbind(struct pci_epf *epf)
{
	struct lend *lend = epf_get_drvdata(epf);

	debugfs_remove(lend->dir);
	if (epf->epc->init_complete)
		lend_epc_deinit(epf);
	pci_epf_free_space(epf, lend->blob.data, LEND_BAR, PRIMARY_INTERFACE);
}

static const struct pci_epf_ops lend_ops = {
	.bind	= lend_bind,
	.unbind	= lend_unbind,
};

static int lend_probe(struct pci_epf *epf, const struct pci_epf_device_id *id)
{
	struct lend *lend = devm_kzalloc(&epf->dev, sizeof(*lend), GFP_KERNEL);

	if (!lend)
		return -ENOMEM;

	lend->epf = epf;
	mutex_init(&lend->lock);
	epf->header = &lend_header;
	epf->event_ops = &lend_event_ops;
	epf_set_drvdata(epf, lend);

	return 0;
}

static const struct pci_epf_device_id lend_ids[] = {
	{ .name = "vep_lend" },
	{ }
};

static struct pci_epf_driver lend_driver = {
	.driver.name	= "vep_lend",
	.probe		= lend_probe,
	.id_table	= lend_ids,
	.ops		= &lend_ops,
	.owner		= THIS_MODULE,
};

static int __init lend_init(void)
{
	return pci_epf_register_driver(&lend_driver);
}
module_init(lend_init);

static void __exit lend_exit(void)
{
	pci_epf_unregister_driver(&lend_driver);
}
module_exit(lend_exit);

MODULE_DESCRIPTION("Virtual endpoint: a function that lends parts of a BAR");
MODULE_LICENSE("GPL");
