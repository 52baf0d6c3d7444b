// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of what users set in sysfs
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mount.h>
#include <linux/path.h>
#include <linux/sched.h>

#include "pci-ep-doorbell-fake.h"
#include "pci-ep-doorbell-internal.h"

/* The longest sleep_min_us */
#define SLEEP_NS	(100 * NSEC_PER_MSEC)

static const char * const all_attrs[] = {
	"storm_percent", "spin_max_us", "sleep_min_us", "sleep_max_us"
};

/* As a user does it */

static struct file *attr_open(const struct pci_epf *epf, const char *dir, const char *attr)
{
	int flags = attr[0] ? O_RDWR : O_RDONLY | O_DIRECTORY;
	struct path root = {};
	struct vfsmount *mnt;
	struct file *file;

	char *device __free(kfree) = kobject_get_path(&epf->dev.kobj, GFP_KERNEL);
	char *name __free(kfree) = kasprintf(GFP_KERNEL, "%s/doorbells/%s/%s", device, dir, attr);

	mnt = kern_mount(get_fs_type("sysfs"));
	if (IS_ERR(mnt))
		return ERR_CAST(mnt);
	root.mnt = mnt;
	root.dentry = mnt->mnt_root;
	/* Not from its first slash: it is looked up below the root. */
	file = file_open_root(&root, name + 1, flags, 0);
	kern_unmount(mnt);

	return file;
}

static long attr_read(struct file *file)
{
	char text[16] = {};
	loff_t pos = 0;
	ssize_t len = kernel_read(file, text, sizeof(text) - 1, &pos);
	long value;

	if (len < 0)
		return len;

	return kstrtol(text, 10, &value) ?: value;
}

static int attr_write(struct file *file, const char *text)
{
	loff_t pos = 0;
	ssize_t len = kernel_write(file, text, strlen(text), &pos);

	return len < 0 ? len : 0;
}

/* The value of a setting, or an errno */
static long get_in(const struct pci_epf *epf, const char *dir, const char *attr)
{
	struct file *file = attr_open(epf, dir, attr);
	long ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = attr_read(file);
	fput(file);

	return ret;
}

static int set_in(const struct pci_epf *epf, const char *dir, const char *attr, const char *text)
{
	struct file *file = attr_open(epf, dir, attr);
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = attr_write(file, text);
	fput(file);

	return ret;
}

static long get_attr(struct kunit *test, const char *attr)
{
	struct fake_test *ft = test->priv;

	return get_in(ft->fake->epf, "kunit", attr);
}

static int set_attr(struct kunit *test, const char *attr, const char *text)
{
	struct fake_test *ft = test->priv;

	return set_in(ft->fake->epf, "kunit", attr, text);
}

/* Is there such a directory, or with "" the one of all sets? */
static bool dir_exists(const struct pci_epf *epf, const char *dir)
{
	struct file *file = attr_open(epf, dir, "");

	if (!IS_ERR(file))
		fput(file);

	return !IS_ERR(file);
}

static void expect_attrs(struct kunit *test, long storm, long spin, long min, long max)
{
	KUNIT_EXPECT_EQ(test, storm, get_attr(test, "storm_percent"));
	KUNIT_EXPECT_EQ(test, spin, get_attr(test, "spin_max_us"));
	KUNIT_EXPECT_EQ(test, min, get_attr(test, "sleep_min_us"));
	KUNIT_EXPECT_EQ(test, max, get_attr(test, "sleep_max_us"));
}

static void expect_storm_only(struct kunit *test, long storm)
{
	expect_attrs(test, storm, -ENOENT, -ENOENT, -ENOENT);
}

static struct pci_ep_db_set *alloc_as(struct fake_test *ft, const char *name, u32 latency_us)
{
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_KICK, 2, PCI_EP_DB_POLL);

	req.name = name;
	req.latency_us = latency_us;

	return fake_alloc(ft->fake, &req);
}

static struct pci_ep_db_set *alloc_named(struct fake_test *ft, const char *name)
{
	return alloc_as(ft, name, 0);
}

/* A set of "memory", which passes for poll */
static struct pci_ep_db_set *memory_set(struct fake_test *ft)
{
	if (!ft->memory->registered) {
		ft->memory->backend.type = PCI_EP_DB_POLL;
		fake_backend_register(ft->memory);
	}

	return alloc_named(ft, "kunit");
}

static void sysfs_defaults(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	unsigned int percent = fake_set_storm_percent(33);
	struct pci_ep_db_set *set = memory_set(ft);

	expect_attrs(test, 33, 200, 50, 3000);
	fake_set_storm_percent(0);
	KUNIT_EXPECT_EQ(test, 33, get_attr(test, "storm_percent"));
	fake_free(ft->fake, set);
	set = memory_set(ft);
	KUNIT_EXPECT_EQ(test, 1, get_attr(test, "storm_percent"));
	fake_set_storm_percent(101);
	fake_free(ft->fake, set);
	memory_set(ft);
	KUNIT_EXPECT_EQ(test, 100, get_attr(test, "storm_percent"));
	fake_set_storm_percent(percent);
}

/* What the EPF can wait for is what users find. */
static void sysfs_latency(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = memory_set(ft);

	fake_free(ft->fake, set);
	set = alloc_as(ft, "kunit", 1000000);
	expect_attrs(test, 80, 200, 50, 1000000);
	fake_free(ft->fake, set);
	set = alloc_as(ft, "kunit", 51);
	expect_attrs(test, 80, 200, 50, 51);
	fake_free(ft->fake, set);
	alloc_as(ft, "kunit", 10);
	expect_attrs(test, 80, 200, 10, 10);
}

/* What is refused changes nothing and wakes nobody. */
static void expect_refused(struct kunit *test, const char *attr, const char *text)
{
	struct fake_test *ft = test->priv;
	int wakes = atomic_read(&ft->memory->wakes);
	long before[ARRAY_SIZE(all_attrs)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all_attrs); i++)
		before[i] = get_attr(test, all_attrs[i]);
	KUNIT_EXPECT_EQ_MSG(test, -EINVAL, set_attr(test, attr, text), "%s: %s", attr, text);
	for (i = 0; i < ARRAY_SIZE(all_attrs); i++)
		KUNIT_EXPECT_EQ_MSG(test, before[i], get_attr(test, all_attrs[i]), "%s: %s", attr,
				    text);
	KUNIT_EXPECT_EQ(test, wakes, atomic_read(&ft->memory->wakes));
}

/* What is accepted is there, and who polls is woken. */
static void expect_set(struct kunit *test, const char *attr, const char *text, long value)
{
	struct fake_test *ft = test->priv;
	int wakes = atomic_read(&ft->memory->wakes);

	KUNIT_EXPECT_EQ_MSG(test, 0, set_attr(test, attr, text), "%s: %s", attr, text);
	KUNIT_EXPECT_EQ_MSG(test, value, get_attr(test, attr), "%s: %s", attr, text);
	KUNIT_EXPECT_EQ(test, wakes + 1, atomic_read(&ft->memory->wakes));
}

static void sysfs_bounds(struct kunit *test)
{
	static const char * const nonsense[] = {
		"-1", "", "\n", "x", "50x", "50 60", "0x32", "1.5", "4294967296", "4294967346",
		"18446744073709551616"
	};
	unsigned int i, j;

	memory_set(test->priv);
	for (i = 0; i < ARRAY_SIZE(all_attrs); i++)
		for (j = 0; j < ARRAY_SIZE(nonsense); j++)
			/* A write of nothing is none. */
			if (nonsense[j][0])
				expect_refused(test, all_attrs[i], nonsense[j]);

	expect_refused(test, "storm_percent", "0");
	expect_refused(test, "storm_percent", "101");
	expect_refused(test, "spin_max_us", "10001");
	expect_refused(test, "sleep_min_us", "9");
	expect_refused(test, "sleep_max_us", "1000001");

	expect_set(test, "storm_percent", "1", 1);
	expect_set(test, "storm_percent", "100\n", 100);
	expect_set(test, "spin_max_us", "0", 0);
	expect_set(test, "spin_max_us", "10000", 10000);
	expect_set(test, "sleep_max_us", "1000000", 1000000);
	/* Not above sleep_max_us, but above what is accepted */
	expect_refused(test, "sleep_min_us", "100001");
	expect_set(test, "sleep_min_us", "100000", 100000);
	expect_set(test, "sleep_min_us", "10", 10);
	expect_set(test, "sleep_max_us", "10", 10);
	expect_refused(test, "sleep_max_us", "9");
	expect_attrs(test, 100, 10000, 10, 10);
}

static void sysfs_min_above_max(struct kunit *test)
{
	memory_set(test->priv);
	expect_refused(test, "sleep_min_us", "3001");
	expect_refused(test, "sleep_max_us", "49");
	expect_set(test, "sleep_min_us", "1000", 1000);
	expect_refused(test, "sleep_max_us", "999");
	expect_set(test, "sleep_max_us", "1001", 1001);
	expect_set(test, "sleep_min_us", "1001", 1001);
	expect_attrs(test, 80, 200, 1001, 1001);
}

/* Is a set throttled that took half a window? False too if that was over meanwhile. */
static bool half_throttles(struct pci_ep_db_set *set)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		/* Who asks begins a new window when the old one is over. */
		pci_ep_db_throttled(set);
		pci_ep_db_account(set, 10 * NSEC_PER_MSEC);
		if (pci_ep_db_throttled(set))
			return true;
		to_db_set_priv(set)->window = 0;
	}

	return false;
}

/* Each set has its own share. */
static void sysfs_storm(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *one = memory_set(ft), *two = alloc_named(ft, "two");

	KUNIT_EXPECT_FALSE(test, half_throttles(one));
	expect_set(test, "storm_percent", "49", 49);
	KUNIT_EXPECT_TRUE(test, half_throttles(one));
	KUNIT_EXPECT_FALSE(test, half_throttles(two));
	expect_set(test, "storm_percent", "51", 51);
	to_db_set_priv(one)->window = 0;
	KUNIT_EXPECT_FALSE(test, half_throttles(one));
}

/* Where nothing is polled, nothing of polling can be set. */
static void sysfs_of_interrupts(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 2);

	fake_backend_register(ft->bus);
	fake_alloc(ft->fake, &req);
	expect_storm_only(test, 80);
	expect_refused(test, "storm_percent", "0");
	KUNIT_EXPECT_EQ(test, 0, set_attr(test, "storm_percent", "40"));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->bus->wakes));
	expect_storm_only(test, 40);
}

static void told(struct pci_ep_db_set *set, int err, void *priv)
{
	struct fake_log *log = priv;

	complete(&log->entered);
}

/* A set that is pending for "bus"; @next may be taken instead. */
static struct pci_ep_db_set *pending_set(struct fake_test *ft)
{
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_KICK, 2, PCI_EP_DB_MSI);
	struct kunit *test = ft->fake->test;
	struct pci_ep_db_set *set;

	req.types[1] = PCI_EP_DB_POLL;
	req.num_types = 2;
	req.ready = told;
	ft->bus->backend.type = PCI_EP_DB_MSI;
	ft->bus->query_ret = -EPROBE_DEFER;
	fake_backend_register(ft->bus);
	ft->memory->backend.type = PCI_EP_DB_POLL;
	fake_backend_register(ft->memory);

	set = fake_alloc(ft->fake, &req);
	expect_storm_only(test, 80);
	/* There is nobody to be woken. */
	KUNIT_EXPECT_EQ(test, 0, set_attr(test, "storm_percent", "40"));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->memory->wakes));

	return set;
}

static void sysfs_pending_for_poll(struct kunit *test)
{
	unsigned int timeout = xchg(&pci_ep_db_provider_timeout, 0);
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = pending_set(ft);

	KUNIT_EXPECT_TRUE(test, pci_ep_db_await(set));
	FAKE_WAIT(test, &ft->log->entered);
	xchg(&pci_ep_db_provider_timeout, timeout);
	KUNIT_EXPECT_STREQ(test, "memory", set->backend->name);
	expect_attrs(test, 40, 200, 50, 3000);
	expect_set(test, "sleep_max_us", "500", 500);
}

static void sysfs_pending_for_interrupts(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = pending_set(ft);

	WRITE_ONCE(ft->bus->query_ret, 0);
	KUNIT_EXPECT_TRUE(test, pci_ep_db_await(set));
	FAKE_WAIT(test, &ft->log->entered);
	KUNIT_EXPECT_STREQ(test, "bus", set->backend->name);
	expect_storm_only(test, 40);
}

static const char *with_id(struct fake_test *ft, const char *name, struct pci_ep_db_set *set)
{
	name = devm_kasprintf(ft->fake->dev, GFP_KERNEL, "%s.%u", name, to_db_set_priv(set)->id);
	KUNIT_ASSERT_NOT_NULL(ft->fake->test, name);

	return name;
}

/* Sets of one name, and one that has the name which the second of them got */
static void sysfs_same_name(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_epf *epf = ft->fake->epf, *other = fake_epf_create(ft->fake);
	struct pci_ep_db_set *one = memory_set(ft), *two = memory_set(ft), *three;
	const char *second = with_id(ft, "kunit", two);

	KUNIT_EXPECT_EQ(test, 0, set_in(epf, "kunit", "spin_max_us", "1"));
	KUNIT_EXPECT_EQ(test, 0, set_in(epf, second, "spin_max_us", "2"));
	KUNIT_EXPECT_EQ(test, 1, one->settings.spin_max_us);
	KUNIT_EXPECT_EQ(test, 2, two->settings.spin_max_us);

	three = alloc_named(ft, second);
	second = with_id(ft, second, three);
	KUNIT_EXPECT_EQ(test, 0, set_in(epf, second, "spin_max_us", "3"));
	KUNIT_EXPECT_EQ(test, 3, three->settings.spin_max_us);

	/* Another function has a directory of its own. */
	KUNIT_EXPECT_FALSE(test, dir_exists(other, ""));
	swap(ft->fake->epf, other);
	memory_set(ft);
	swap(ft->fake->epf, other);
	KUNIT_EXPECT_EQ(test, 200, get_in(other, "kunit", "spin_max_us"));

	/* A name that is free is taken. */
	fake_free(ft->fake, one);
	KUNIT_EXPECT_FALSE(test, dir_exists(epf, "kunit"));
	one = memory_set(ft);
	KUNIT_EXPECT_EQ(test, 200, get_attr(test, "spin_max_us"));
	fake_free(ft->fake, one);
	fake_free(ft->fake, two);
	fake_free(ft->fake, three);
	KUNIT_EXPECT_FALSE(test, dir_exists(epf, ""));
	KUNIT_EXPECT_TRUE(test, dir_exists(other, "kunit"));
}

/* A name of any sort, but it has one: a slash would be another directory. */
static void sysfs_slash(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_KICK, 2, PCI_EP_DB_POLL);
	struct pci_ep_db_set *one, *two;

	memory_set(ft);
	one = alloc_named(ft, "a/b");
	KUNIT_EXPECT_EQ(test, 80, get_in(ft->fake->epf, "a!b", "storm_percent"));
	two = alloc_named(ft, "a/b");
	KUNIT_EXPECT_TRUE(test, dir_exists(ft->fake->epf, with_id(ft, "a!b", two)));
	fake_free(ft->fake, one);
	KUNIT_EXPECT_FALSE(test, dir_exists(ft->fake->epf, "a!b"));
	req.name = "";
	KUNIT_EXPECT_EQ(test, -EINVAL, fake_alloc_fails(ft->fake, &req));
}

/* The directory goes with the set, and those that are still open lead nowhere. */
static void sysfs_free(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = memory_set(ft);
	struct pci_epf *epf = ft->fake->epf;
	struct file *storm, *spin;

	storm = attr_open(epf, "kunit", "storm_percent");
	KUNIT_ASSERT_FALSE(test, IS_ERR(storm));
	spin = attr_open(epf, "kunit", "spin_max_us");
	KUNIT_EXPECT_FALSE(test, IS_ERR(spin));
	KUNIT_EXPECT_TRUE(test, dir_exists(epf, "kunit"));
	fake_free(ft->fake, set);
	KUNIT_EXPECT_FALSE(test, dir_exists(epf, "kunit"));
	KUNIT_EXPECT_FALSE(test, dir_exists(epf, ""));
	KUNIT_EXPECT_EQ(test, -ENODEV, attr_read(storm));
	KUNIT_EXPECT_EQ(test, -ENODEV, attr_write(storm, "50"));
	fput(storm);
	if (IS_ERR(spin))
		return;
	KUNIT_EXPECT_EQ(test, -ENODEV, attr_read(spin));
	KUNIT_EXPECT_EQ(test, -ENODEV, attr_write(spin, "50"));
	fput(spin);
}

/* The backend goes, the set stays: there is nothing that polls. */
static void sysfs_backend_gone(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = memory_set(ft);
	struct file *storm, *spin;
	int wakes;

	storm = attr_open(ft->fake->epf, "kunit", "storm_percent");
	KUNIT_ASSERT_FALSE(test, IS_ERR(storm));
	spin = attr_open(ft->fake->epf, "kunit", "spin_max_us");
	fake_backend_unregister(ft->memory);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->gone));
	wakes = atomic_read(&ft->memory->wakes);
	expect_storm_only(test, 80);
	KUNIT_EXPECT_EQ(test, 0, attr_write(storm, "50"));
	KUNIT_EXPECT_EQ(test, 50, attr_read(storm));
	KUNIT_EXPECT_EQ(test, wakes, atomic_read(&ft->memory->wakes));
	fput(storm);
	KUNIT_EXPECT_FALSE(test, IS_ERR(spin));
	if (!IS_ERR(spin)) {
		KUNIT_EXPECT_EQ(test, -ENODEV, attr_read(spin));
		KUNIT_EXPECT_EQ(test, -ENODEV, attr_write(spin, "50"));
		fput(spin);
	}
	fake_free(ft->fake, set);
	KUNIT_EXPECT_FALSE(test, dir_exists(ft->fake->epf, ""));
}

/* The holder frees the set when it is told. */
static void sysfs_free_in_gone(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_KICK, 2, PCI_EP_DB_POLL);

	ft->memory->backend.type = PCI_EP_DB_POLL;
	fake_backend_register(ft->memory);
	ft->log->free_in_gone = true;
	KUNIT_ASSERT_FALSE(test, IS_ERR(pci_ep_db_alloc(ft->fake->epf, &req)));
	KUNIT_EXPECT_TRUE(test, dir_exists(ft->fake->epf, "kunit"));
	fake_backend_unregister(ft->memory);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->gone));
	KUNIT_EXPECT_FALSE(test, dir_exists(ft->fake->epf, ""));
}

static struct pci_ep_db_dir *no_dir(struct pci_ep_db_set_priv *set, struct kobject *parent)
{
	return ERR_PTR(-ENOMEM);
}

/* A set without a directory is a set. */
static void sysfs_no_dir(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set;

	kunit_activate_static_stub(test, pci_ep_db_create_dir, no_dir);
	set = memory_set(ft);
	kunit_deactivate_static_stub(test, pci_ep_db_create_dir);
	KUNIT_EXPECT_FALSE(test, dir_exists(ft->fake->epf, ""));
	KUNIT_EXPECT_TRUE(test, fake_logged(ft->fake->epf, "kunit: no directory in sysfs"));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
	memory_set(ft);
	expect_attrs(test, 80, 200, 50, 3000);
	fake_free(ft->fake, set);
	expect_attrs(test, 80, 200, 50, 3000);
}

/* A user who reads and writes while sets come and go */
struct busy_user {
	struct fake_test	*ft;
	bool			stop;
	unsigned int		done;
	unsigned int		nowhere;
	int			wrong;
};

static void busy_user_use(void *data)
{
	struct busy_user *user = data;
	struct file *file;
	unsigned int i;
	long ret;

	while (!READ_ONCE(user->stop)) {
		file = attr_open(user->ft->fake->epf, "kunit", "sleep_max_us");
		ret = PTR_ERR_OR_ZERO(file);
		for (i = 0; i < 1000 && !ret; i++) {
			ret = attr_write(file, i & 1 ? "1000" : "1001");
			if (!ret)
				ret = min(attr_read(file), 0);
			user->done += !ret;
		}
		if (!IS_ERR(file))
			fput(file);
		if (ret == -ENODEV)
			WRITE_ONCE(user->nowhere, user->nowhere + 1);
		else if (ret && ret != -ENOENT)
			user->wrong = ret;
	}
}

/* Whoever is in a file when the set goes does not find it freed. */
static void sysfs_free_while_used(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct busy_user user = { .ft = ft };
	struct fake_thread thread;
	unsigned int i;

	fake_free(ft->fake, memory_set(ft));
	fake_thread_run(test, &thread, busy_user_use, &user);
	for (i = 0; i < 20; i++) {
		struct pci_ep_db_set *set = memory_set(ft);
		unsigned int done = READ_ONCE(user.done);

		FAKE_WAIT_UNTIL(test, READ_ONCE(user.done) != done);
		fake_free(ft->fake, set);
	}
	WRITE_ONCE(user.stop, true);
	fake_thread_wait(test, &thread);
	KUNIT_EXPECT_EQ(test, 0, user.wrong);
	KUNIT_EXPECT_GT(test, user.nowhere, 0);
	KUNIT_EXPECT_FALSE(test, dir_exists(ft->fake->epf, ""));
}

/* The thread of poll */

/**
 * struct poller - what its handler saw
 * @task: the thread
 * @time: when the handler was called last, in ns
 */
struct poller {
	struct task_struct	*task;
	u64			time;
};

static void poller_rung(struct fake_log *log, struct pci_ep_db_set *set, unsigned int index,
			u32 value)
{
	struct poller *poller = log->data;

	poller->task = current;
	poller->time = ktime_get_ns();
}

static void poller_ring(struct kunit *test, struct pci_ep_db_set *set)
{
	struct fake_test *ft = test->priv;

	KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT(test, &ft->log->called);
}

/* A set of poll, which was rung already */
static struct pci_ep_db_set *poller_set(struct kunit *test, struct poller *poller)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set;

	if (!IS_ENABLED(CONFIG_PCI_EP_DOORBELL_POLL))
		kunit_skip(test, "no poll backend");
	ft->log->hook = poller_rung;
	ft->log->data = poller;
	set = alloc_named(ft, "kunit");
	KUNIT_ASSERT_STREQ(test, "poll", set->backend->name);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	poller_ring(test, set);

	return set;
}

/* It has looked, and will not look again before it has slept. */
static void poller_wait_asleep(struct kunit *test, struct poller *poller)
{
	FAKE_WAIT_UNTIL(test, READ_ONCE(poller->task->__state) == TASK_IDLE);
}

/* Each ring waits for the whole sleep: that is sure, however busy the machine is. */
static void expect_slow(struct kunit *test, struct pci_ep_db_set *set, struct poller *poller)
{
	unsigned int i;
	u64 before;

	for (i = 0; i < 3; i++) {
		before = poller->time;
		poller_wait_asleep(test, poller);
		poller_ring(test, set);
		KUNIT_EXPECT_GE(test, poller->time - before, SLEEP_NS);
	}
}

static void set_slow(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0, set_attr(test, "sleep_max_us", "1000000"));
	KUNIT_ASSERT_EQ(test, 0, set_attr(test, "sleep_min_us", "100000"));
}

/*
 * A thread that sleeps for long is woken by another setting. Without that no
 * ring is early, with it all but those are that a busy machine delays.
 */
static void sysfs_sleep_min(struct kunit *test)
{
	struct poller poller = {};
	struct pci_ep_db_set *set = poller_set(test, &poller);
	bool early = false;
	unsigned int i;
	u64 before;

	KUNIT_ASSERT_EQ(test, 0, set_attr(test, "spin_max_us", "0"));
	set_slow(test);
	poller_ring(test, set);
	expect_slow(test, set, &poller);

	for (i = 0; i < 20 && !early; i++) {
		before = poller.time;
		poller_wait_asleep(test, &poller);
		KUNIT_ASSERT_EQ(test, 0, set_attr(test, "sleep_min_us", "50"));
		poller_ring(test, set);
		early = poller.time - before < SLEEP_NS;
		set_slow(test);
	}
	KUNIT_EXPECT_TRUE(test, early);
	expect_slow(test, set, &poller);
}

/* 50 us, 100 us, ... are 0.1 s after so many sleeps, but for a bound */
#define SLEEPS		11

/* How long it takes to sleep so many times, in ns */
static u64 time_sleeps(struct kunit *test, struct pci_ep_db_set *set, struct poller *poller)
{
	unsigned long start;

	poller_ring(test, set);
	start = READ_ONCE(poller->task->nvcsw);
	/* One may be the handler's, another one has begun. */
	FAKE_WAIT_UNTIL(test, READ_ONCE(poller->task->nvcsw) - start >= SLEEPS + 2);

	return ktime_get_ns() - poller->time;
}

static void sysfs_sleep_max(struct kunit *test)
{
	struct poller poller = {};
	struct pci_ep_db_set *set = poller_set(test, &poller);
	bool early = false;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, set_attr(test, "sleep_max_us", "1000000"));
	KUNIT_EXPECT_GE(test, time_sleeps(test, set, &poller), SLEEP_NS);
	KUNIT_ASSERT_EQ(test, 0, set_attr(test, "sleep_max_us", "100"));
	for (i = 0; i < 20 && !early; i++)
		early = time_sleeps(test, set, &poller) < SLEEP_NS;
	KUNIT_EXPECT_TRUE(test, early);
}

/* Is a ring seen that comes a while after another one, and before the next sleep is over? */
static bool spins(struct kunit *test, struct pci_ep_db_set *set, struct poller *poller)
{
	unsigned int i;
	u64 before;

	/* The window grows to the interval of the rings. */
	KUNIT_ASSERT_EQ(test, 0, set_attr(test, "sleep_min_us", "10"));
	for (i = 0; i < 20; i++) {
		poller_ring(test, set);
		usleep_range(1500, 2000);
	}
	set_slow(test);
	poller_ring(test, set);
	before = poller->time;
	usleep_range(1000, 1100);
	poller_ring(test, set);

	return poller->time - before < SLEEP_NS;
}

static void sysfs_spin_max(struct kunit *test)
{
	struct poller poller = {};
	struct pci_ep_db_set *set = poller_set(test, &poller);
	bool seen = false;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, set_attr(test, "spin_max_us", "10000"));
	for (i = 0; i < 20 && !seen; i++)
		seen = spins(test, set, &poller);
	KUNIT_EXPECT_TRUE(test, seen);
	KUNIT_ASSERT_EQ(test, 0, set_attr(test, "spin_max_us", "0"));
	poller_ring(test, set);
	expect_slow(test, set, &poller);
}

static struct kunit_case sysfs_cases[] = {
	KUNIT_CASE(sysfs_defaults),
	KUNIT_CASE(sysfs_latency),
	KUNIT_CASE(sysfs_bounds),
	KUNIT_CASE(sysfs_min_above_max),
	KUNIT_CASE(sysfs_storm),
	KUNIT_CASE(sysfs_of_interrupts),
	KUNIT_CASE(sysfs_pending_for_poll),
	KUNIT_CASE(sysfs_pending_for_interrupts),
	KUNIT_CASE(sysfs_same_name),
	KUNIT_CASE(sysfs_slash),
	KUNIT_CASE(sysfs_free),
	KUNIT_CASE(sysfs_backend_gone),
	KUNIT_CASE(sysfs_free_in_gone),
	KUNIT_CASE(sysfs_no_dir),
	KUNIT_CASE(sysfs_free_while_used),
	KUNIT_CASE(sysfs_sleep_min),
	KUNIT_CASE(sysfs_sleep_max),
	KUNIT_CASE(sysfs_spin_max),
	{}
};

static struct kunit_suite sysfs_suite = {
	.name = "pci-ep-doorbell-sysfs",
	.init = fake_test_init,
	.test_cases = sysfs_cases,
};

kunit_test_suites(&sysfs_suite);
