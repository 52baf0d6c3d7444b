// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of the backend msi on a GICv3 ITS
 *
 * The ITS and its driver are real, the endpoint controller is the fake one. A
 * ring is a write by a CPU to the address where the inbound window of the BAR
 * leads, or an MSI of another PCI device made to go there. On QEMU's machine
 * virt the ITS sees DeviceID 0 with a write by a CPU, and with that of a PCI
 * device what the map of the host bridge makes of its requester ID:
 *
 *   -machine virt,gic-version=3,its=on -cpu cortex-a72 -smp 2 -device edu
 */

#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irqnr.h>
#include <linux/kernel_stat.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_irq.h>
#include <linux/of_platform.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-fake.h"

/* GITS_TRANSLATER, from the start of the ITS */
#define ITS_TRANSLATER		(SZ_64K + 0x40)

/* The most doorbells of a set here, but for those that are never rung */
#define ITS_BELLS		64

/* The functions, and the first virtual function of the first one */
#define ITS_USERS		(FAKE_FUNCS + 1)
#define ITS_VF			FAKE_FUNCS

/* Interrupts of a DeviceID, unless its first set wants more */
#define ITS_POOL		64

/* How long what fails at once may take, on a machine that is emulated and busy */
#define ITS_AT_ONCE		(5 * HZ)

/* A phandle that no node has */
#define ITS_NOBODY		0xfffffff0

/* QEMU's educational device: docs/specs/edu.rst there */
#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8
#define EDU_RAISE		0x60
#define EDU_ACKNOWLEDGE		0x64

/**
 * struct its_entry - an entry of a msi-map
 * @requester: the first requester ID
 * @phandle: of the MSI controller; 0 stands for the ITS
 * @device_id: what @requester becomes
 * @length: number of requester IDs
 */
struct its_entry {
	u32	requester;
	u32	phandle;
	u32	device_id;
	u32	length;
};

/**
 * struct its_user - an EPF and its doorbells
 * @epf: the function
 * @set: its doorbells, or NULL
 * @calls: how often the handler was called for each
 * @total: how often it was called at all
 * @cpu: where the last call was
 * @sent: a number that the test changes before it rings
 * @seen: @sent at the last call
 * @called: completed by each call
 */
struct its_user {
	struct pci_epf		*epf;
	struct pci_ep_db_set	*set;
	atomic_t		calls[ITS_BELLS];
	atomic_t		total;
	int			cpu;
	unsigned int		sent;
	unsigned int		seen;
	struct completion	called;
};

/**
 * struct its_test - what a case begins with
 * @test: the test
 * @its: node of the ITS
 * @node: node of the endpoint controller
 * @changes: what brought @node into the device tree
 * @fake: the endpoint controller
 * @user: a user for each function, and ITS_VF
 * @irqs: number of interrupts before anything was done
 */
struct its_test {
	struct kunit		*test;
	struct device_node	*its;
	struct device_node	*node;
	struct of_changeset	changes;
	struct fake_epc		*fake;
	struct its_user		user[ITS_USERS];
	unsigned int		irqs;
};

static enum pci_ep_db_return its_handler(struct pci_ep_db_set *set, unsigned int index,
					 u32 value, void *priv)
{
	struct its_user *user = priv;

	user->cpu = raw_smp_processor_id();
	WRITE_ONCE(user->seen, READ_ONCE(user->sent));
	atomic_inc(&user->calls[index]);
	atomic_inc(&user->total);
	complete(&user->called);

	return PCI_EP_DB_DONE;
}

/* The machine */

/* A write of the host comes out of the IOMMU where it must be mapped. */
static bool its_mmio(struct fake_epc *fake, const struct pci_epf *epf, u64 addr, u32 value)
{
	void __iomem *reg;

	if (addr < FAKE_IOVA || !atomic_read(&fake->maps))
		return false;
	reg = ioremap(addr - FAKE_IOVA, sizeof(value));
	if (!reg)
		return false;
	writel(value, reg);
	iounmap(reg);

	return true;
}

KUNIT_DEFINE_ACTION_WRAPPER(its_node_put, of_node_put, struct device_node *);
KUNIT_DEFINE_ACTION_WRAPPER(its_device_put, put_device, struct device *);

static void its_undo_changes(void *data)
{
	struct its_test *its = data;

	KUNIT_EXPECT_EQ(its->test, 0, of_changeset_revert(&its->changes));
	of_changeset_destroy(&its->changes);
	of_node_put(its->node);
}

/* The node of an endpoint controller: of/platform.c makes the device. */
static struct device *its_create_device(struct its_test *its, const struct its_entry *map,
					unsigned int entries)
{
	unsigned int i, cells = entries * sizeof(*map) / sizeof(u32);
	struct its_entry found[FAKE_FUNCS] = {};
	struct kunit *test = its->test;
	struct platform_device *pdev;

	KUNIT_ASSERT_LE(test, entries, FAKE_FUNCS);
	for (i = 0; i < entries; i++) {
		found[i] = map[i];
		if (!map[i].phandle)
			found[i].phandle = its->its->phandle;
	}

	of_changeset_init(&its->changes);
	its->node = of_changeset_create_node(&its->changes, of_root, "kunit-endpoint");
	KUNIT_ASSERT_NOT_NULL(test, its->node);
	KUNIT_ASSERT_EQ(test, 0,
			of_changeset_add_prop_u32_array(&its->changes, its->node, "msi-map",
							(u32 *)found, cells));
	KUNIT_ASSERT_EQ(test, 0, of_changeset_apply(&its->changes));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, its_undo_changes, its));

	pdev = of_find_device_by_node(its->node);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, its_device_put, &pdev->dev));

	return &pdev->dev;
}

static unsigned int its_count_irqs(void)
{
	unsigned int irq, n = 0;

	for_each_active_irq(irq)
		n++;

	return n;
}

static void its_free(struct its_user *user)
{
	pci_ep_db_free(user->set);
	user->set = NULL;
}

static void its_free_all(void *data)
{
	struct its_test *its = data;
	unsigned int i;

	for (i = 0; i < ITS_USERS; i++)
		if (its->user[i].set)
			its_free(&its->user[i]);
	KUNIT_EXPECT_EQ(its->test, its->irqs, its_count_irqs());
}

/* An endpoint controller with this msi-map, and its functions */
static struct its_test *its_begin(struct kunit *test, const struct its_entry *map,
				  unsigned int entries)
{
	struct its_test *its = kunit_kzalloc(test, sizeof(*its), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, its);
	its->test = test;
	its->its = of_find_compatible_node(NULL, NULL, "arm,gic-v3-its");
	if (!its->its)
		kunit_skip(test, "this machine has no GICv3 ITS");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, its_node_put, its->its));

	its->fake = fake_epc_create_for(test, its_create_device(its, map, entries));
	its->fake->mmio = its_mmio;
	its->irqs = its_count_irqs();
	its->user[0].epf = its->fake->epf;
	for (i = 1; i < FAKE_FUNCS; i++)
		its->user[i].epf = fake_epf_create(its->fake);
	its->user[ITS_VF].epf = fake_vf_create(its->fake, 0, 1);
	for (i = 0; i < ITS_USERS; i++)
		init_completion(&its->user[i].called);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, its_free_all, its));
	/*
	 * Interrupts go to the CPU where the case runs, so that it goes on when
	 * those that are pending were taken.
	 */
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current, cpumask_of(0)));

	return its;
}

/* A map that names the first function only, as all in the kernel do */
static struct its_test *its_begin_first(struct kunit *test)
{
	static const struct its_entry map[] = { { 0, 0, 0, 1 } };

	return its_begin(test, map, ARRAY_SIZE(map));
}

/* All functions have DeviceID 0, so that a write by a CPU reaches all. */
static struct its_test *its_begin_all(struct kunit *test)
{
	static const struct its_entry map[] = {
		{ 0, 0, 0, 1 }, { 1, 0, 0, 1 }, { 2, 0, 0, 1 }, { 3, 0, 0, 1 },
	};

	return its_begin(test, map, ARRAY_SIZE(map));
}

static struct pci_ep_db_request its_request(struct its_user *user, unsigned int count)
{
	return (struct pci_ep_db_request) {
		.name		= "its",
		.kind		= PCI_EP_DB_KICK,
		.count		= count,
		.num_types	= 1,
		.types		= { PCI_EP_DB_MSI },
		.require	= PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT,
		.bar		= NO_BAR,
		.offset		= PCI_EP_DB_ANY_OFFSET,
		.handler	= its_handler,
		.priv		= user,
	};
}

static int its_try(struct its_user *user, const struct pci_ep_db_request *req)
{
	struct pci_ep_db_set *set = pci_ep_db_alloc(user->epf, req);

	if (IS_ERR(set))
		return PTR_ERR(set);
	user->set = set;

	return 0;
}

/* A request that must fail at once, with this reason, and leave nothing. */
static void its_expect_refused(struct its_test *its, struct its_user *user,
			       const struct pci_ep_db_request *req, const char *reason)
{
	unsigned int irqs = its_count_irqs();
	unsigned long start = jiffies;

	KUNIT_EXPECT_EQ(its->test, -EOPNOTSUPP, its_try(user, req));
	KUNIT_EXPECT_TRUE(its->test, time_before(jiffies, start + ITS_AT_ONCE));
	KUNIT_EXPECT_TRUE_MSG(its->test, fake_refused(its->test, "msi", reason), "%s", reason);
	KUNIT_EXPECT_EQ(its->test, irqs, its_count_irqs());
}

/* Doorbells that ring on CPU 0; nobody was called yet. */
static void its_alloc(struct its_test *its, struct its_user *user,
		      const struct pci_ep_db_request *req)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(its->test, 0, its_try(user, req));
	for (i = 0; i < pci_ep_db_count(user->set); i++)
		KUNIT_ASSERT_EQ(its->test, 0,
				irq_set_affinity(user->set->target[i].irq, cpumask_of(0)));
	memset(user->calls, 0, sizeof(user->calls));
	atomic_set(&user->total, 0);
	reinit_completion(&user->called);
}

static void its_alloc_enabled(struct its_test *its, struct its_user *user,
			      unsigned int count)
{
	struct pci_ep_db_request req = its_request(user, count);

	its_alloc(its, user, &req);
	KUNIT_ASSERT_EQ(its->test, 0, pci_ep_db_enable(user->set));
}

static void its_write(struct its_test *its, struct its_user *user,
		      const struct pci_ep_db_location *loc, u32 data)
{
	KUNIT_EXPECT_EQ(its->test, 0,
			fake_host_write(its->fake, user->epf, loc->bar, loc->offset, data));
}

/* Every doorbell once: one call of its own each, and no other. */
static void its_ring_each(struct its_test *its, struct its_user *user)
{
	unsigned int i, count = pci_ep_db_count(user->set);
	struct kunit *test = its->test;

	for (i = 0; i < count; i++) {
		int calls = atomic_read(&user->calls[i]);
		int total = atomic_read(&user->total);

		KUNIT_ASSERT_EQ(test, 0, fake_ring(its->fake, user->set, i));
		FAKE_WAIT(test, &user->called);
		KUNIT_EXPECT_EQ(test, calls + 1, atomic_read(&user->calls[i]));
		KUNIT_EXPECT_EQ(test, total + 1, atomic_read(&user->total));
	}
}

/* Cases */

/* All doorbells are GITS_TRANSLATER, behind a window that shows nothing else. */
static void its_places(struct kunit *test)
{
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	DECLARE_BITMAP(seen, ITS_BELLS) = {};
	struct pci_ep_db_location loc;
	struct resource res;
	unsigned int i;

	its->fake->features.align = SZ_64K;
	KUNIT_ASSERT_EQ(test, 0, of_address_to_resource(its->its, 0, &res));
	its_alloc_enabled(its, user, 4);
	KUNIT_EXPECT_EQ(test, 4, pci_ep_db_count(user->set));
	KUNIT_EXPECT_EQ(test, PCI_EP_DB_CAPS, pci_ep_db_caps(user->set));
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(user->set, i, &loc));
		KUNIT_EXPECT_EQ(test, res.start + ITS_TRANSLATER + FAKE_IOVA,
				fake_reaches(its->fake, user->epf, loc.bar, loc.offset));
		KUNIT_ASSERT_LT(test, loc.data, ITS_BELLS);
		KUNIT_EXPECT_FALSE(test, test_and_set_bit(loc.data, seen));
	}
	its_ring_each(its, user);
}

static void its_each_of_32(struct kunit *test)
{
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];

	its_alloc_enabled(its, user, 32);
	its_ring_each(its, user);
}

static void its_each_of_32_sleeps(struct kunit *test)
{
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	struct pci_ep_db_request req = its_request(user, 32);

	req.can_sleep = true;
	its_alloc(its, user, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(user->set));
	its_ring_each(its, user);
}

/* What the host writes that is no doorbell's datum, or beside one, reaches nobody. */
static void its_bad_data(struct kunit *test)
{
	static const u32 beyond[] = { ITS_BELLS, 0xffff, 0x10000, 0x80000000, U32_MAX };
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	struct pci_ep_db_location loc;
	unsigned int i;

	its_alloc_enabled(its, user, 5);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(user->set, 4, &loc));
	its_write(its, user, &loc, loc.data + 1);
	its_ring_each(its, user);
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		its_write(its, user, &loc, beyond[i]);
		its_ring_each(its, user);
	}
	loc.offset += sizeof(u32);
	its_write(its, user, &loc, loc.data);
	its_ring_each(its, user);
	KUNIT_EXPECT_EQ(test, (ARRAY_SIZE(beyond) + 2) * 5, atomic_read(&user->total));
}

/* Rings of a disabled doorbell are delivered once, when it is enabled. */
static void its_disabled(struct kunit *test)
{
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	struct pci_ep_db_request req = its_request(user, 4);
	unsigned int i;

	its_alloc(its, user, &req);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, 0, fake_ring(its->fake, user->set, 2));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&user->total));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(user->set));
	FAKE_WAIT(test, &user->called);
	its_ring_each(its, user);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&user->calls[2]));

	pci_ep_db_disable_one(user->set, 1);
	KUNIT_EXPECT_EQ(test, 0, fake_ring(its->fake, user->set, 1));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(its->fake, user->set, 0));
	FAKE_WAIT(test, &user->called);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&user->calls[1]));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable_one(user->set, 1));
	FAKE_WAIT(test, &user->called);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&user->calls[1]));
	KUNIT_EXPECT_EQ(test, 7, atomic_read(&user->total));
}

/* A storm masks the interrupt at the ITS: the last ring is delivered all the same. */
static void its_storm(struct kunit *test)
{
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	unsigned int i, percent;
	int ret = 0;

	percent = fake_set_storm_percent(1);
	its_alloc_enabled(its, user, 2);
	for (i = 0; i < 10000 && !ret && !pci_ep_db_throttled(user->set); i++)
		ret = fake_ring(its->fake, user->set, 1);
	KUNIT_EXPECT_LT(test, i, 10000);
	for (i = 0; i < 10 && !ret; i++) {
		WRITE_ONCE(user->sent, i + 1);
		ret = fake_ring(its->fake, user->set, 1);
	}
	KUNIT_EXPECT_EQ(test, 0, ret);
	FAKE_WAIT_UNTIL(test, ret || READ_ONCE(user->seen) == 10);
	fake_set_storm_percent(percent);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&user->calls[0]));
}

static void its_affinity(struct kunit *test)
{
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	unsigned int round;

	KUNIT_ASSERT_TRUE(test, cpu_online(1));
	its_alloc_enabled(its, user, 4);
	for (round = 0; round < 8; round++) {
		int cpu = 1 - round % 2, irq = user->set->target[round % 4].irq;
		unsigned int before = kstat_irqs_cpu(irq, cpu);

		KUNIT_ASSERT_EQ(test, 0, irq_set_affinity(irq, cpumask_of(cpu)));
		KUNIT_ASSERT_EQ(test, 0, fake_ring(its->fake, user->set, round % 4));
		FAKE_WAIT(test, &user->called);
		KUNIT_EXPECT_EQ(test, before + 1, kstat_irqs_cpu(irq, cpu));
		/* With PREEMPT_RT the handler is called from a timer, anywhere. */
		if (!IS_ENABLED(CONFIG_PREEMPT_RT))
			KUNIT_EXPECT_EQ(test, cpu, user->cpu);
	}
	its_ring_each(its, user);
}

static void its_thousand(struct kunit *test)
{
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	unsigned int i;

	its_alloc_enabled(its, user, 4);
	for (i = 0; i < 1000; i++) {
		KUNIT_ASSERT_EQ(test, 0, fake_ring(its->fake, user->set, i % 4));
		FAKE_WAIT(test, &user->called);
	}
	KUNIT_EXPECT_EQ(test, 1000, atomic_read(&user->total));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, 250, atomic_read(&user->calls[i]));
}

/*
 * Nothing is left behind: neither an interrupt, nor what the ITS has for a
 * DeviceID, which would be too small for the next, bigger set.
 */
static void its_again(struct kunit *test)
{
	static const unsigned int counts[] = { 1, ITS_BELLS, 4, 32, 33 };
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	struct pci_ep_db_request many = its_request(user, PCI_EP_DB_MAX_COUNT);
	unsigned int round;

	for (round = 0; round < 20; round++) {
		its_alloc_enabled(its, user, counts[round % ARRAY_SIZE(counts)]);
		its_ring_each(its, user);
		its_free(user);
		KUNIT_EXPECT_EQ(test, its->irqs, its_count_irqs());
	}
	KUNIT_ASSERT_EQ(test, 0, its_try(user, &many));
	its_free(user);
	KUNIT_EXPECT_EQ(test, its->irqs, its_count_irqs());
	its_alloc_enabled(its, user, 4);
	its_ring_each(its, user);
}

/* What one set took another does not get; it lives with fewer, or is told at once. */
static void its_fewest(struct kunit *test)
{
	struct its_test *its = its_begin_all(test);
	struct its_user *first = &its->user[0], *second = &its->user[1], *third = &its->user[2];
	struct pci_ep_db_request req = its_request(first, ITS_POOL - 24);

	KUNIT_ASSERT_EQ(test, 0, its_try(first, &req));
	req = its_request(second, 32);
	req.min_count = 8;
	its_alloc(its, second, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(second->set));
	KUNIT_EXPECT_EQ(test, 24, pci_ep_db_count(second->set));
	its_ring_each(its, second);

	req = its_request(third, 32);
	its_expect_refused(its, third, &req, "are left");
	its_free(first);
	its_alloc_enabled(its, third, 32);
	its_ring_each(its, third);
	its_ring_each(its, second);
}

static void its_counts(struct kunit *test)
{
	static const unsigned int wrong[] = { 0, PCI_EP_DB_MAX_COUNT + 1, 65535, UINT_MAX };
	struct its_test *its = its_begin_first(test);
	struct its_user *user = &its->user[0];
	unsigned long start = jiffies;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct pci_ep_db_request req = its_request(user, wrong[i]);

		KUNIT_EXPECT_EQ(test, -EINVAL, its_try(user, &req));
	}
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + ITS_AT_ONCE));
	KUNIT_EXPECT_EQ(test, its->irqs, its_count_irqs());
	its_alloc_enabled(its, user, 4);
	its_ring_each(its, user);
}

/* Of a map that is wrong for some functions the others can have doorbells. */
static void its_hole(struct kunit *test)
{
	static const struct its_entry map[] = { { 0, 0, 0, 1 }, { 2, 0, 0, 1 } };
	struct its_test *its = its_begin(test, map, ARRAY_SIZE(map));
	struct its_user *user = its->user;
	struct pci_ep_db_request req = its_request(user, 4);

	its_alloc_enabled(its, &user[0], 4);
	its_expect_refused(its, &user[1], &req, "msi-map does not name function 1");
	its_expect_refused(its, &user[3], &req, "msi-map does not name function 3");
	its_alloc_enabled(its, &user[2], 4);
	its_ring_each(its, &user[0]);
	its_ring_each(its, &user[2]);
}

static void its_short_map(struct kunit *test)
{
	struct its_test *its = its_begin_first(test);
	struct its_user *user = its->user;
	struct pci_ep_db_request req = its_request(user, 4);
	unsigned int i;

	for (i = 1; i < ITS_USERS; i++)
		its_expect_refused(its, &user[i], &req, "msi-map does not name");
	its_alloc_enabled(its, &user[0], 4);
	its_ring_each(its, &user[0]);
}

static void its_missing_for_one(struct kunit *test)
{
	static const struct its_entry map[] = { { 0, 0, 0, 1 }, { 1, ITS_NOBODY, 0, 1 } };
	struct its_test *its = its_begin(test, map, ARRAY_SIZE(map));
	struct pci_ep_db_request req = its_request(its->user, 4);

	its_expect_refused(its, &its->user[1], &req, "msi-map names");
	its_alloc_enabled(its, &its->user[0], 4);
	its_expect_refused(its, &its->user[1], &req, "msi-map names");
	its_ring_each(its, &its->user[0]);
}

/* A map that begins with a controller which is not there is good for nobody. */
static void its_missing_for_all(struct kunit *test)
{
	static const struct its_entry map[] = { { 0, ITS_NOBODY, 0, 1 } };
	struct its_test *its = its_begin(test, map, ARRAY_SIZE(map));
	struct pci_ep_db_request req = its_request(its->user, 4);
	unsigned int i;

	for (i = 0; i < ITS_USERS; i++)
		its_expect_refused(its, &its->user[i], &req, "msi-map names");
}

/* Nor has the ITS every DeviceID that a map can name. */
static void its_no_such_device_id(struct kunit *test)
{
	static const struct its_entry map[] = { { 0, 0, 0, 1 }, { 1, 0, S32_MAX, 1 } };
	struct its_test *its = its_begin(test, map, ARRAY_SIZE(map));
	struct its_user *user = its->user;
	struct pci_ep_db_request req = its_request(user, 4);

	its_expect_refused(its, &user[1], &req, "allocation: ");
	its_alloc_enabled(its, &user[0], 4);
	its_expect_refused(its, &user[1], &req, "allocation: ");
	its_ring_each(its, &user[0]);
}

/* A late ring, through the window of another function, is not kept for the next set. */
static void its_freed(struct kunit *test)
{
	struct its_test *its = its_begin_all(test);
	struct its_user *gone = &its->user[0], *other = &its->user[1];
	struct pci_ep_db_request many = its_request(gone, PCI_EP_DB_MAX_COUNT);
	struct pci_ep_db_location late, loc;

	its_alloc_enabled(its, gone, 4);
	its_alloc_enabled(its, other, 4);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(gone->set, 2, &late));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(other->set, 2, &loc));
	its_free(gone);
	its_write(its, other, &loc, late.data);
	its_ring_each(its, other);
	its_alloc_enabled(its, gone, 4);
	its_ring_each(its, other);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&gone->total));
	its_ring_each(its, gone);

	/* The ITS keeps a DeviceID that two shared without a common pool. */
	its_free(gone);
	its_free(other);
	KUNIT_EXPECT_EQ(test, 0, its_try(gone, &many));
}

/**
 * struct its_ringer - a thread that rings until it is told to stop
 * @its: the test
 * @thread: the thread
 * @user: the users whose doorbells it rings
 * @stop: it is to stop
 * @rings: how often each of them was rung
 * @ret: what went wrong
 */
struct its_ringer {
	struct its_test		*its;
	struct fake_thread	thread;
	struct its_user		*user[2];
	bool			stop;
	unsigned int		rings;
	int			ret;
};

/* Ring a doorbell of each user, and wait until it was heard. */
static int its_ring_both(struct its_ringer *ringer)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ringer->user); i++) {
		struct its_user *user = ringer->user[i];
		unsigned int index = ringer->rings % pci_ep_db_count(user->set);
		int ret = fake_ring(ringer->its->fake, user->set, index);

		if (ret)
			return ret;
		if (!wait_for_completion_timeout(&user->called, FAKE_TIMEOUT))
			return -ETIMEDOUT;
	}

	return 0;
}

static void its_ring_on(void *data)
{
	struct its_ringer *ringer = data;
	int ret = 0;

	while (!READ_ONCE(ringer->stop) && !ret) {
		ret = its_ring_both(ringer);
		WRITE_ONCE(ringer->ret, ret);
		WRITE_ONCE(ringer->rings, ringer->rings + 1);
	}
}

static void its_ringer_stop(void *data)
{
	struct its_ringer *ringer = data;

	WRITE_ONCE(ringer->stop, true);
	fake_thread_wait(ringer->its->test, &ringer->thread);
}

static struct its_ringer *its_ringer_start(struct its_test *its, struct its_user *one,
					   struct its_user *two)
{
	struct its_ringer *ringer = kunit_kzalloc(its->test, sizeof(*ringer), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(its->test, ringer);
	ringer->its = its;
	ringer->user[0] = one;
	ringer->user[1] = two;
	fake_thread_run(its->test, &ringer->thread, its_ring_on, ringer);
	KUNIT_ASSERT_EQ(its->test, 0,
			kunit_add_action_or_reset(its->test, its_ringer_stop, ringer));

	return ringer;
}

/* One function comes and goes while the doorbells of others, of one DeviceID, ring. */
static void its_functions(struct kunit *test)
{
	struct its_test *its = its_begin_all(test);
	struct its_user *user = its->user;
	struct its_ringer *ringer;
	unsigned int round, rings;

	its_alloc_enabled(its, &user[0], 4);
	its_alloc_enabled(its, &user[1], 4);
	its_alloc_enabled(its, &user[2], 8);
	its_ring_each(its, &user[0]);
	its_ring_each(its, &user[1]);
	its_ring_each(its, &user[2]);
	ringer = its_ringer_start(its, &user[0], &user[2]);
	for (round = 0; round < 20; round++) {
		rings = READ_ONCE(ringer->rings);
		its_free(&user[1]);
		its_alloc_enabled(its, &user[1], round + 1);
		its_ring_each(its, &user[1]);
		/* They do ring meanwhile, however busy the machine. */
		FAKE_WAIT_UNTIL(test, READ_ONCE(ringer->rings) != rings ||
				READ_ONCE(ringer->ret));
	}
	kunit_release_action(test, its_ringer_stop, ringer);
	KUNIT_EXPECT_EQ(test, 0, ringer->ret);
	KUNIT_EXPECT_GE(test, ringer->rings, 20);
	KUNIT_EXPECT_EQ(test, ringer->rings + 4, atomic_read(&user[0].total));
	KUNIT_EXPECT_EQ(test, ringer->rings + 8, atomic_read(&user[2].total));
}

/* Another DeviceID: a PCI device that is made to ring with its MSI */

static void edu_put(void *data)
{
	struct pci_dev *edu = data;

	pci_write_config_word(edu, edu->msi_cap + PCI_MSI_FLAGS, 0);
	pci_clear_master(edu);
	pci_disable_device(edu);
	pci_dev_put(edu);
}

static struct pci_dev *edu_get(struct kunit *test)
{
	struct pci_dev *edu = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);

	if (!edu)
		kunit_skip(test, "this machine has no device edu");
	KUNIT_ASSERT_EQ(test, 0, pci_enable_device(edu));
	KUNIT_ASSERT_NE(test, 0, edu->msi_cap);
	pci_set_master(edu);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, edu_put, edu));

	return edu;
}

/* What the map of the host bridge makes of the requester ID of @edu */
static u32 edu_device_id(struct pci_dev *edu)
{
	return of_msi_xlate(&edu->dev, NULL, pci_dev_id(edu));
}

static void edu_ring(struct its_test *its, struct pci_dev *edu, struct its_user *user,
		     unsigned int index)
{
	void __iomem *regs = pci_iomap(edu, 0, 0);
	struct pci_ep_db_location loc;
	u64 addr;

	KUNIT_ASSERT_TRUE(its->test, regs);
	KUNIT_ASSERT_EQ(its->test, 0, pci_ep_db_location(user->set, index, &loc));
	addr = fake_reaches(its->fake, user->epf, loc.bar, loc.offset) - FAKE_IOVA;
	pci_write_config_dword(edu, edu->msi_cap + PCI_MSI_ADDRESS_LO, lower_32_bits(addr));
	pci_write_config_dword(edu, edu->msi_cap + PCI_MSI_ADDRESS_HI, upper_32_bits(addr));
	pci_write_config_word(edu, edu->msi_cap + PCI_MSI_DATA_64, loc.data);
	pci_write_config_word(edu, edu->msi_cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	writel(1, regs + EDU_RAISE);
	writel(1, regs + EDU_ACKNOWLEDGE);
	pci_iounmap(edu, regs);
}

/* Functions with DeviceIDs of their own do not hear each other's rings. */
static void its_two_device_ids(struct kunit *test, u32 requester, unsigned int second)
{
	struct pci_dev *edu = edu_get(test);
	const struct its_entry map[] = {
		{ 0, 0, 0, 1 }, { requester, 0, edu_device_id(edu), 1 },
	};
	struct its_test *its = its_begin(test, map, ARRAY_SIZE(map));
	struct its_user *cpu = &its->user[0], *pci = &its->user[second];
	unsigned int i;

	KUNIT_ASSERT_NE(test, 0, edu_device_id(edu));
	its_alloc_enabled(its, cpu, 4);
	its_alloc_enabled(its, pci, 4);
	its_ring_each(its, cpu);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&pci->total));
	for (i = 0; i < 4; i++) {
		edu_ring(its, edu, pci, i);
		FAKE_WAIT(test, &pci->called);
		KUNIT_EXPECT_EQ(test, 1, atomic_read(&pci->calls[i]));
		KUNIT_EXPECT_EQ(test, i + 1, atomic_read(&pci->total));
	}
	its_free(cpu);
	edu_ring(its, edu, pci, 0);
	FAKE_WAIT(test, &pci->called);
	KUNIT_EXPECT_EQ(test, 4, atomic_read(&cpu->total));
}

static void its_second_function(struct kunit *test)
{
	its_two_device_ids(test, 1, 1);
}

static void its_virtual_function(struct kunit *test)
{
	its_two_device_ids(test, 1 << 3, ITS_VF);
}

static struct kunit_case its_cases[] = {
	KUNIT_CASE(its_places),
	KUNIT_CASE(its_each_of_32),
	KUNIT_CASE(its_each_of_32_sleeps),
	KUNIT_CASE(its_bad_data),
	KUNIT_CASE(its_disabled),
	KUNIT_CASE(its_storm),
	KUNIT_CASE(its_affinity),
	KUNIT_CASE(its_thousand),
	KUNIT_CASE(its_again),
	KUNIT_CASE(its_fewest),
	KUNIT_CASE(its_counts),
	KUNIT_CASE(its_hole),
	KUNIT_CASE(its_short_map),
	KUNIT_CASE(its_missing_for_one),
	KUNIT_CASE(its_missing_for_all),
	KUNIT_CASE(its_no_such_device_id),
	KUNIT_CASE(its_freed),
	KUNIT_CASE(its_functions),
	KUNIT_CASE(its_second_function),
	KUNIT_CASE(its_virtual_function),
	{}
};

static struct kunit_suite its_suite = {
	.name = "its-arm64",
	.test_cases = its_cases,
};

kunit_test_suites(&its_suite);
