// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: what users set, in sysfs
 *
 * doorbells/<name of the set>/ below the device of the EPF, see
 * Documentation/ABI/testing/sysfs-bus-pci-epf-doorbell.
 *
 * A set knows its directory, and the directory the set. kobject_del() waits for
 * those who are in a show or a store and lets nobody in any more, so these find
 * a set that is there; who still has a file open keeps the memory of the
 * directory only. It is called under the core's mutex: show and store take the
 * set's raw lock and nothing else.
 */

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "pci-ep-doorbell-internal.h"

/**
 * struct pci_ep_db_dir - the directory of a set
 * @kobj: the directory
 * @set: whose it is; not to be looked at when @kobj was deleted
 * @polled: it has the attributes of polling
 */
struct pci_ep_db_dir {
	struct kobject			kobj;
	struct pci_ep_db_set_priv	*set;
	bool				polled;
};

/**
 * struct db_attribute - one setting
 * @attr: the file
 * @offset: which member of &struct pci_ep_db_settings, a u32
 * @min: the least that is accepted
 * @max: the most that is accepted
 */
struct db_attribute {
	struct attribute	attr;
	size_t			offset;
	u32			min;
	u32			max;
};

#define DB_ATTRIBUTE(_name, _min, _max)						\
static struct db_attribute db_attr_##_name = {					\
	.attr	= { .name = __stringify(_name), .mode = 0644 },			\
	.offset	= offsetof(struct pci_ep_db_settings, _name),			\
	.min	= _min,								\
	.max	= _max,								\
}

DB_ATTRIBUTE(spin_max_us, 0, 10000);
DB_ATTRIBUTE(sleep_min_us, PCI_EP_DB_SLEEP_LEAST_US, 100000);
/* Never less than sleep_min_us */
DB_ATTRIBUTE(sleep_max_us, PCI_EP_DB_SLEEP_LEAST_US, PCI_EP_DB_SLEEP_MOST_US);
DB_ATTRIBUTE(storm_percent, 1, 100);

/* For every backend */
static struct attribute *db_attrs[] = {
	&db_attr_storm_percent.attr,
	NULL
};
ATTRIBUTE_GROUPS(db);

/* For the backend poll */
static struct attribute *db_poll_attrs[] = {
	&db_attr_spin_max_us.attr,
	&db_attr_sleep_min_us.attr,
	&db_attr_sleep_max_us.attr,
	NULL
};

static const struct attribute_group db_poll_group = {
	.attrs = db_poll_attrs,
};

static struct pci_ep_db_dir *to_db_dir(struct kobject *kobj)
{
	return container_of(kobj, struct pci_ep_db_dir, kobj);
}

static u32 *db_setting(struct pci_ep_db_settings *settings, const struct db_attribute *attr)
{
	return (void *)settings + attr->offset;
}

static ssize_t db_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct pci_ep_db_settings *settings = &to_db_dir(kobj)->set->pub.settings;
	struct db_attribute *db_attr = container_of(attr, struct db_attribute, attr);

	return sysfs_emit(buf, "%u\n", READ_ONCE(*db_setting(settings, db_attr)));
}

/* A setting takes effect at once: who sleeps by the old one is woken. */
static int db_set_setting(struct pci_ep_db_set_priv *set, const struct db_attribute *attr,
			  u32 value)
{
	struct pci_ep_db_settings settings;

	guard(raw_spinlock_irqsave)(&set->lock);

	settings = set->pub.settings;
	*db_setting(&settings, attr) = value;
	if (settings.sleep_min_us > settings.sleep_max_us)
		return -EINVAL;

	WRITE_ONCE(*db_setting(&set->pub.settings, attr), value);
	if (!pci_ep_db_live(set) && set->pub.backend->ops->wake)
		set->pub.backend->ops->wake(&set->pub);

	return 0;
}

static ssize_t db_store(struct kobject *kobj, struct attribute *attr, const char *buf,
			size_t len)
{
	struct db_attribute *db_attr = container_of(attr, struct db_attribute, attr);
	u32 value;

	if (kstrtou32(buf, 10, &value) || value < db_attr->min || value > db_attr->max)
		return -EINVAL;

	return db_set_setting(to_db_dir(kobj)->set, db_attr, value) ?: len;
}

static const struct sysfs_ops db_sysfs_ops = {
	.show	= db_show,
	.store	= db_store,
};

static void db_dir_release(struct kobject *kobj)
{
	kfree(to_db_dir(kobj));
}

static const struct kobj_type db_dir_type = {
	.release	= db_dir_release,
	.sysfs_ops	= &db_sysfs_ops,
	.default_groups	= db_groups,
};

static bool db_dir_exists(struct kobject *parent, const char *name)
{
	struct kernfs_node *node = sysfs_get_dirent(parent->sd, name);

	sysfs_put(node);

	return node;
}

/* A name that is not taken: EPFs may have several sets for the same thing. */
static char *db_dir_name(const struct pci_ep_db_set_priv *set, struct kobject *parent)
{
	char *name = kstrdup(set->pub.req.name, GFP_KERNEL), *next;

	while (name && db_dir_exists(parent, strreplace(name, '/', '!'))) {
		next = kasprintf(GFP_KERNEL, "%s.%u", name, set->id);
		kfree(name);
		name = next;
	}

	return name;
}

/* Of another set of the EPF. Nobody else holds it, so it goes with the last of them. */
static struct kobject *db_get_parent(const struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_set_priv *other;

	list_for_each_entry(other, &pci_ep_db_sets, node)
		if (other->pub.epf == set->pub.epf && other->dir)
			return kobject_get(other->dir->kobj.parent);

	return kobject_create_and_add("doorbells", &set->pub.epf->dev.kobj);
}

/* kobject_del() at once, whoever still has a reference: the name is free then. */
static void db_put_parent(const struct pci_ep_db_set_priv *set, struct kobject *parent)
{
	struct pci_ep_db_set_priv *other;

	list_for_each_entry(other, &pci_ep_db_sets, node)
		if (other->dir && other->dir->kobj.parent == parent) {
			kobject_put(parent);
			return;
		}

	kobject_del(parent);
	kobject_put(parent);
}

VISIBLE_IF_KUNIT struct pci_ep_db_dir *
pci_ep_db_create_dir(struct pci_ep_db_set_priv *set, struct kobject *parent)
{
	struct pci_ep_db_dir *dir;
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(pci_ep_db_create_dir, set, parent);

	char *name __free(kfree) = db_dir_name(set, parent);
	if (!name)
		return ERR_PTR(-ENOMEM);

	dir = kzalloc_obj(*dir);
	if (!dir)
		return ERR_PTR(-ENOMEM);

	dir->set = set;
	ret = kobject_init_and_add(&dir->kobj, &db_dir_type, parent, "%s", name);
	if (ret) {
		kobject_put(&dir->kobj);
		return ERR_PTR(ret);
	}

	return dir;
}
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_create_dir);

/*
 * The set has got a backend or lost it: show what can be set for this one. What
 * is not shown keeps its value.
 */
void pci_ep_db_update_dir(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_backend *backend = set->pub.backend;
	bool polled = backend && backend->type == PCI_EP_DB_POLL;
	struct pci_ep_db_dir *dir = set->dir;
	int ret = 0;

	lockdep_assert_held(&pci_ep_db_mutex);

	if (!dir || dir->polled == polled)
		return;

	if (polled)
		ret = sysfs_create_group(&dir->kobj, &db_poll_group);
	else
		sysfs_remove_group(&dir->kobj, &db_poll_group);
	if (ret)
		dev_warn(&set->pub.epf->dev, "%s: polling cannot be set in sysfs: %pe\n",
			 set->pub.req.name, ERR_PTR(ret));
	else
		dir->polled = polled;
}

/*
 * A set without directory is as good as any, it has the defaults. A function
 * does not lose its doorbells for that.
 */
void pci_ep_db_add_dir(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_dir *dir = ERR_PTR(-ENOMEM);
	struct kobject *parent;

	lockdep_assert_held(&pci_ep_db_mutex);

	parent = db_get_parent(set);
	if (parent)
		dir = pci_ep_db_create_dir(set, parent);
	if (IS_ERR(dir)) {
		if (parent)
			db_put_parent(set, parent);
		dev_warn(&set->pub.epf->dev, "%s: no directory in sysfs: %pe\n",
			 set->pub.req.name, dir);
		return;
	}

	set->dir = dir;
	pci_ep_db_update_dir(set);
}

/* When it returns, nobody looks at the set any more. */
void pci_ep_db_del_dir(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_dir *dir = set->dir;
	struct kobject *parent;

	lockdep_assert_held(&pci_ep_db_mutex);

	if (!dir)
		return;

	parent = dir->kobj.parent;
	set->dir = NULL;
	kobject_del(&dir->kobj);
	kobject_put(&dir->kobj);
	db_put_parent(set, parent);
}
