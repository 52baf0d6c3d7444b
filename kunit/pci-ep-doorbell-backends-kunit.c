// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of the backends poll and embedded
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-fake.h"
#include "pci-ep-doorbell-internal.h"

/* poll */

static struct pci_ep_db_set *poll_set(struct kunit *test, enum pci_ep_db_kind kind,
				      unsigned int count, enum pci_barno bar, u8 lend)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_request(ft->log, kind, count, PCI_EP_DB_POLL);

	if (!IS_ENABLED(CONFIG_PCI_EP_DOORBELL_POLL))
		kunit_skip(test, "no poll backend");
	req.can_sleep = true;
	req.bar = bar;
	req.lend = lend;
	if (bar == FAKE_MEM_BAR && !lend)
		req.offset = 0x1000;

	return fake_alloc(ft->fake, &req);
}

/* Ring the last doorbell ten times, each after the one before was delivered. */
static void poll_rings(struct kunit *test, struct pci_ep_db_set *set, enum pci_ep_db_kind kind)
{
	struct fake_test *ft = test->priv;
	unsigned int i, last = pci_ep_db_count(set) - 1;

	KUNIT_EXPECT_EQ(test, ft->before.threads + 1, fake_threads());
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	for (i = 1; i <= 10; i++) {
		KUNIT_ASSERT_EQ(test, 0, fake_ring_value(ft->fake, set, last, i));
		FAKE_WAIT(test, &ft->log->called);
	}
	pci_ep_db_disable(set);
	KUNIT_EXPECT_EQ(test, 10, atomic_read(&ft->log->calls));
	KUNIT_EXPECT_EQ(test, last, ft->log->index[9]);
	KUNIT_EXPECT_EQ(test, kind == PCI_EP_DB_KICK ? 0 : 10, ft->log->value[9]);
	KUNIT_EXPECT_TRUE(test, ft->log->sleepable);
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void poll_kick_claimed(struct kunit *test)
{
	poll_rings(test, poll_set(test, PCI_EP_DB_KICK, 4, NO_BAR, 0), PCI_EP_DB_KICK);
}

static void poll_value_named(struct kunit *test)
{
	poll_rings(test, poll_set(test, PCI_EP_DB_VALUE, 4, FAKE_MEM_BAR, 0),
		   PCI_EP_DB_VALUE);
}

static void poll_mailbox_lent(struct kunit *test)
{
	poll_rings(test, poll_set(test, PCI_EP_DB_MAILBOX, 4, FAKE_MEM_BAR,
				  BIT(FAKE_MEM_BAR)), PCI_EP_DB_MAILBOX);
}

/* A ring that comes while nothing is enabled, and the thread sleeps for good */
static void poll_wakes(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = poll_set(test, PCI_EP_DB_KICK, 1, NO_BAR, 0);

	usleep_range(5000, 6000);
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&ft->log->called, HZ / 20));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	FAKE_WAIT(test, &ft->log->called);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
}

/* Two sets of one function do not hear each other. */
static void poll_two_sets(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *one = poll_set(test, PCI_EP_DB_KICK, 1, NO_BAR, 0);
	struct fake_log *log = ft->log, *other = fake_log_create(ft->fake);
	struct pci_ep_db_set *two;

	ft->log = other;
	two = poll_set(test, PCI_EP_DB_KICK, 1, NO_BAR, 0);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(one));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(two));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, two, 0));
	FAKE_WAIT(test, &other->called);
	fake_free(ft->fake, two);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&log->calls));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, one, 0));
	FAKE_WAIT(test, &log->called);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&other->calls));
}

/* A request that fails after poll made its thread leaves none. */
static void poll_undo(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_KICK, 1,
						    PCI_EP_DB_POLL);

	if (!IS_ENABLED(CONFIG_PCI_EP_DOORBELL_POLL))
		kunit_skip(test, "no poll backend");
	ft->fake->fail_set_bar = BIT(0);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "poll", "setting the BAR: -ENOSPC"));
	fake_expect_as_before(ft->fake, &ft->before);

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_killed(ft->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "poll", "allocation: -EINTR"));
	fake_expect_as_before(ft->fake, &ft->before);
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(ft->fake, &req));
	fake_expect_as_before(ft->fake, &ft->before);
}

struct poll_storm {
	struct task_struct	*task;
	u64			spent;
};

/* A host that rings again at once, for ever */
static void poll_ring_again(struct fake_log *log, struct pci_ep_db_set *set,
			    unsigned int index, u32 value)
{
	struct poll_storm *storm = log->data;

	WRITE_ONCE(storm->task, current);
	WRITE_ONCE(storm->spent, current->se.sum_exec_runtime);
	fake_ring(log->fake, set, index);
}

/* A storm costs a bounded share of a CPU: looking for rings counts as well. */
static void poll_storm_share(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	unsigned int percent = fake_set_storm_percent(10);
	struct poll_storm storm = {};
	struct pci_ep_db_set *set;
	u64 spent, start, elapsed;

	set = poll_set(test, PCI_EP_DB_KICK, 2048, NO_BAR, 0);
	ft->log->hook = poll_ring_again;
	ft->log->data = &storm;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT(test, &ft->log->called);
	msleep(100);
	spent = READ_ONCE(storm.spent);
	start = ktime_get_ns();
	msleep(500);
	spent = READ_ONCE(storm.spent) - spent;
	elapsed = ktime_get_ns() - start;
	pci_ep_db_disable(set);
	fake_set_storm_percent(percent);
	kunit_info(test, "%llu ns of %llu ns\n", spent, elapsed);
	/* Three times what was set is generous. */
	KUNIT_EXPECT_LT(test, spent * 100, elapsed * 30);
	KUNIT_EXPECT_GT(test, atomic_read(&ft->log->calls), 10);
}

/* Sleeps, and counts in @data how often that was on the account afterwards */
static void poll_sleeper(struct fake_log *log, struct pci_ep_db_set *set,
			 unsigned int index, u32 value)
{
	unsigned int *charged = log->data;

	if (atomic64_read(&to_db_set_priv(set)->busy) > 2 * NSEC_PER_MSEC)
		(*charged)++;
	usleep_range(4000, 5000);
	fake_ring(log->fake, set, index);
}

/* A handler that sleeps takes no CPU, whoever has it called. */
static void poll_sleeps(struct kunit *test, struct pci_ep_db_set *set)
{
	struct fake_test *ft = test->priv;
	unsigned int charged = 0;

	ft->log->hook = poll_sleeper;
	ft->log->data = &charged;
	WRITE_ONCE(set->settings.storm_percent, 100);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT_UNTIL(test, atomic_read(&ft->log->calls) >= 40);
	pci_ep_db_disable(set);
	/* Some are forgiven where a window begins; and the machine may be slow. */
	KUNIT_EXPECT_LT(test, charged, 10);
}

static void poll_storm_asleep(struct kunit *test)
{
	poll_sleeps(test, poll_set(test, PCI_EP_DB_KICK, 1, NO_BAR, 0));
}

static void poll_storm_asleep_irq(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);

	req.can_sleep = true;
	fake_backend_register(ft->bus);
	poll_sleeps(test, fake_alloc(ft->fake, &req));
}

/* How long to spin after rings of such a pace */
static u64 spin_after(u64 spin, u64 gap, unsigned int rings)
{
	while (rings--)
		spin = pci_ep_db_poll_adapt(spin, gap, 200 * NSEC_PER_USEC);

	return spin;
}

static void poll_adapts(struct kunit *test)
{
	u64 us = NSEC_PER_USEC;

	if (!IS_REACHABLE(CONFIG_PCI_EP_DOORBELL_POLL))
		kunit_skip(test, "no poll backend that can be called");

	/* Soon: longer and longer until it is found by spinning, within the bound */
	KUNIT_EXPECT_EQ(test, 50 * us, spin_after(0, 10 * us, 1));
	KUNIT_EXPECT_EQ(test, 50 * us, spin_after(0, 10 * us, 10));
	KUNIT_EXPECT_EQ(test, 100 * us, spin_after(50 * us, 60 * us, 1));
	KUNIT_EXPECT_EQ(test, 100 * us, spin_after(50 * us, 60 * us, 10));
	KUNIT_EXPECT_EQ(test, 200 * us, spin_after(150 * us, 200 * us, 10));
	/* Later than spinning may take: less and less, and then not at all */
	KUNIT_EXPECT_EQ(test, 100 * us, spin_after(200 * us, 201 * us, 1));
	KUNIT_EXPECT_EQ(test, 50 * us, spin_after(200 * us, 201 * us, 2));
	KUNIT_EXPECT_EQ(test, 0, spin_after(200 * us, 201 * us, 3));
	KUNIT_EXPECT_EQ(test, 0, spin_after(0, 201 * us, 1));
	/* A user who wants none has none, also where there was one. */
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_poll_adapt(0, 10 * us, 0));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_poll_adapt(200 * us, 10 * us, 0));
}

/* A set whose thread, if nobody wakes it, sleeps for an hour and never spins */
static struct pci_ep_db_set *poll_hourly(struct kunit *test)
{
	struct pci_ep_db_set *set = poll_set(test, PCI_EP_DB_VALUE, 1, FAKE_MEM_BAR, 0);

	WRITE_ONCE(set->settings.spin_max_us, 0);
	WRITE_ONCE(set->settings.sleep_max_us, 3600U * USEC_PER_SEC);
	WRITE_ONCE(set->settings.sleep_min_us, 3600U * USEC_PER_SEC);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));

	return set;
}

static void poll_expected(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = poll_hourly(test);
	unsigned int i;

	for (i = 1; i <= 10; i++) {
		KUNIT_ASSERT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, i));
		pci_ep_db_expect(set);
		FAKE_WAIT(test, &ft->log->called);
	}
	KUNIT_EXPECT_EQ(test, 10, atomic_read(&ft->log->calls));
	KUNIT_EXPECT_EQ(test, 10, ft->log->value[9]);
}

static void poll_tell(struct fake_log *log, struct pci_ep_db_set *set,
		      unsigned int index, u32 value)
{
	pci_ep_db_expect(log->data);
}

/* A host that writes a value and then kicks: the kick is what wakes who polls. */
static void poll_kicked(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct fake_log *kicks = ft->log, *values = fake_log_create(ft->fake);
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct pci_ep_db_set *kick, *value;
	unsigned int i;

	fake_backend_register(ft->bus);
	kick = fake_alloc(ft->fake, &req);
	ft->log = values;
	value = poll_hourly(test);
	kicks->hook = poll_tell;
	kicks->data = value;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(kick));
	for (i = 1; i <= 10; i++) {
		KUNIT_ASSERT_EQ(test, 0, fake_ring_value(ft->fake, value, 0, i));
		KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, kick, 0));
		FAKE_WAIT(test, &values->called);
	}
	KUNIT_EXPECT_EQ(test, 10, atomic_read(&values->calls));
	KUNIT_EXPECT_EQ(test, 10, values->value[9]);
	/* Before what it tells of */
	fake_free(ft->fake, kick);
}

static struct kunit_case poll_cases[] = {
	KUNIT_CASE(poll_adapts),
	KUNIT_CASE(poll_kick_claimed),
	KUNIT_CASE(poll_value_named),
	KUNIT_CASE(poll_mailbox_lent),
	KUNIT_CASE(poll_wakes),
	KUNIT_CASE(poll_expected),
	KUNIT_CASE(poll_kicked),
	KUNIT_CASE(poll_two_sets),
	KUNIT_CASE(poll_undo),
	KUNIT_CASE(poll_storm_share),
	KUNIT_CASE(poll_storm_asleep),
	KUNIT_CASE(poll_storm_asleep_irq),
	{}
};

static struct kunit_suite poll_suite = {
	.name = "pci-ep-doorbell-poll",
	.init = fake_test_init,
	.test_cases = poll_cases,
};

/* embedded */

/* The first of its registers: fake_test_init() made those before it. */
#define EMBEDDED_REG	4
#define EMBEDDED_ADDR	(FAKE_MMIO + 0x20a0)

static struct fake_reg *embedded_reg(struct fake_test *ft, unsigned int n)
{
	return &ft->fake->reg[EMBEDDED_REG + n];
}

/* The controller has one more register, behind a window. */
static void embedded_add(struct fake_test *ft, u64 addr, unsigned int irq)
{
	fake_add_reg(ft->fake, addr + FAKE_IOVA, 0, irq);
	ft->fake->aux[ft->fake->num_aux++] = (struct pci_epc_aux_resource) {
		.type = PCI_EPC_AUX_DOORBELL_MMIO,
		.phys_addr = addr,
		.size = sizeof(u32),
		.bar = NO_BAR,
		.u.db_mmio.irq = ft->fake->irq[irq].virq,
	};
}

/* The hardware shows one of them in a BAR. */
static void embedded_show(struct fake_test *ft, unsigned int n, u32 offset)
{
	ft->fake->features.bar[BAR_4].type = BAR_RESERVED;
	embedded_reg(ft, n)->bar = BAR_4;
	embedded_reg(ft, n)->offset = offset;
	ft->fake->aux[n].bar = BAR_4;
	ft->fake->aux[n].bar_offset = offset;
}

static int embedded_init(struct kunit *test)
{
	fake_test_init(test);
	embedded_add(test->priv, EMBEDDED_ADDR, 0);

	return 0;
}

static struct pci_ep_db_request embedded_request(struct kunit *test, unsigned int count)
{
	struct fake_test *ft = test->priv;

	if (!IS_ENABLED(CONFIG_PCI_EP_DOORBELL_EMBEDDED))
		kunit_skip(test, "no embedded backend");

	return fake_request(ft->log, PCI_EP_DB_KICK, count, PCI_EP_DB_EMBEDDED);
}

/* One ring: every enabled doorbell is told, as nobody knows which it was. */
static void embedded_rings(struct kunit *test, const struct pci_ep_db_request *req)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = fake_alloc(ft->fake, req);

	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_caps(set));
	KUNIT_EXPECT_EQ(test, 1, fake_requested(ft->fake));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&embedded_reg(ft, 0)->writes));
	KUNIT_EXPECT_EQ(test, pci_ep_db_count(set), atomic_read(&ft->log->calls));
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void embedded_window(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 3);

	if (!IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS))
		kunit_skip(test, "no fake IOMMU");
	embedded_rings(test, &req);
	ft->fake->features.align = SZ_64K;
	atomic_set(&ft->log->calls, 0);
	atomic_set(&embedded_reg(ft, 0)->writes, 0);
	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	embedded_rings(test, &req);
}

static void embedded_fixed(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 3);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;

	embedded_show(ft, 0, 0xa0);
	embedded_rings(test, &req);
	/* No window was made. */
	KUNIT_EXPECT_EQ(test, 1, ft->fake->set_bars);

	set = fake_alloc(ft->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 2, &loc));
	KUNIT_EXPECT_EQ(test, BAR_4, loc.bar);
	KUNIT_EXPECT_EQ(test, 0xa0, loc.offset);
}

/* The line is one for all: each holder hears every ring, until it leaves. */
static void embedded_shared(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 1);
	struct fake_log *other = fake_log_create(ft->fake);
	struct pci_ep_db_set *one, *two;

	embedded_show(ft, 0, 0);
	one = fake_alloc(ft->fake, &req);
	req.priv = other;
	req.can_sleep = true;
	two = fake_alloc(ft->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(one));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(two));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, one, 0));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
	FAKE_WAIT(test, &other->called);
	fake_free(ft->fake, two);
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, one, 0));
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&ft->log->calls));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&other->calls));
}

static irqreturn_t dma_handler(int irq, void *data)
{
	atomic_inc(data);

	return IRQ_HANDLED;
}

/* The DMA driver has the line as well, and may come and go. */
static void embedded_with_dma(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 1);
	atomic_t dma = ATOMIC_INIT(0);
	int irq = ft->fake->irq[0].virq;
	struct pci_ep_db_set *set;

	embedded_show(ft, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, request_irq(irq, dma_handler, IRQF_SHARED, "dma", &dma));
	set = fake_alloc(ft->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	generic_handle_irq_safe(irq);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&dma));
	/* A hint */
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
	fake_free(ft->fake, set);
	generic_handle_irq_safe(irq);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&dma));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
	free_irq(irq, &dma);
}

static void expect_embedded_refused(struct kunit *test, const struct pci_ep_db_request *req,
				    const char *reason)
{
	struct fake_test *ft = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, req), "%s", reason);
	KUNIT_EXPECT_TRUE_MSG(test, fake_refused(test, "embedded", reason), "%s", reason);
	fake_expect_as_before(ft->fake, &ft->before);
	KUNIT_EXPECT_EQ(test, 1, ft->fake->set_bars);
}

static void embedded_refusals(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 2);
	struct pci_epc_aux_resource good = ft->fake->aux[0];

	ft->fake->num_aux = 0;
	expect_embedded_refused(test, &req, "no doorbell register");
	ft->fake->num_aux = -EOPNOTSUPP;
	expect_embedded_refused(test, &req, "no doorbell register");
	ft->fake->num_aux = -EIO;
	expect_embedded_refused(test, &req, "-EIO");
	ft->fake->num_aux = 1;
	ft->fake->aux[0].type = PCI_EPC_AUX_DOORBELL_MMIO + 1;
	expect_embedded_refused(test, &req, "no doorbell register");
	ft->fake->aux[0] = good;
	ft->fake->aux[0].u.db_mmio.irq = 0;
	expect_embedded_refused(test, &req, "no interrupt");
	ft->fake->aux[0].u.db_mmio.irq = -ENXIO;
	expect_embedded_refused(test, &req, "no interrupt");
	ft->fake->aux[0] = good;
	ft->fake->aux[0].phys_addr += 2;
	expect_embedded_refused(test, &req, "not aligned");
	ft->fake->aux[0] = good;

	req.require = PCI_EP_DB_DISTINCT;
	expect_embedded_refused(test, &req, "told apart");
	req.require = PCI_EP_DB_EXACT;
	expect_embedded_refused(test, &req, "when nobody rang");
	req.require = PCI_EP_DB_ISOLATED;
	expect_embedded_refused(test, &req, "no place");
	req.require = 0;
	req.kind = PCI_EP_DB_VALUE;
	expect_embedded_refused(test, &req, "value");
}

static void embedded_undo(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 2);

	if (!IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS))
		kunit_skip(test, "no fake IOMMU");
	ft->fake->fail_map = true;
	expect_embedded_refused(test, &req, "allocation: -EIO");
	ft->fake->fail_map = false;
	/* The register is mapped, but its line belongs to somebody who does not share. */
	KUNIT_ASSERT_EQ(test, 0, request_irq(ft->fake->irq[0].virq, dma_handler, 0, "dma", ft));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->fake->maps));
	free_irq(ft->fake->irq[0].virq, ft);
	ft->fake->fail_set_bar = BIT(0);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	fake_expect_as_before(ft->fake, &ft->before);
	embedded_rings(test, &req);

	/* The line of the second register is taken, that of the first was free. */
	embedded_add(ft, EMBEDDED_ADDR + 4, 1);
	KUNIT_ASSERT_EQ(test, 0, request_irq(ft->fake->irq[1].virq, dma_handler, 0, "dma", ft));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "embedded", "interrupt or thread: -EBUSY"));
	free_irq(ft->fake->irq[1].virq, ft);
	fake_expect_as_before(ft->fake, &ft->before);
}

/* Ring one doorbell: exactly these, which are every @step-th one, are told. */
static void expect_told(struct kunit *test, struct pci_ep_db_set *set, unsigned int index,
			unsigned int step)
{
	struct fake_test *ft = test->priv;
	unsigned int i, n = 0;

	atomic_set(&ft->log->calls, 0);
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, index));
	for (i = index % step; i < pci_ep_db_count(set); i += step)
		KUNIT_EXPECT_EQ(test, i, ft->log->index[n++]);
	KUNIT_EXPECT_EQ(test, n, atomic_read(&ft->log->calls));
}

/* All doorbells of a set that gets @count of them, from so many registers */
static void embedded_in_turn(struct kunit *test, const struct pci_ep_db_request *req,
			     unsigned int count, unsigned int regs)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = fake_alloc(ft->fake, req);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, count, pci_ep_db_count(set));
	KUNIT_EXPECT_EQ(test, count <= regs ? PCI_EP_DB_DISTINCT : 0, pci_ep_db_caps(set));
	KUNIT_EXPECT_EQ(test, min(count, regs), fake_requested(ft->fake));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	for (i = 0; i < count; i++)
		expect_told(test, set, i, regs);
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

/* As many registers as doorbells, each with an interrupt of its own */
static void embedded_distinct(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 3);

	if (!IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS))
		kunit_skip(test, "no fake IOMMU");
	/* Not in ascending order, and not in one page: all of it is mapped. */
	embedded_add(ft, EMBEDDED_ADDR - SZ_4K, 1);
	embedded_add(ft, EMBEDDED_ADDR + SZ_8K, 2);
	embedded_in_turn(test, &req, 3, 3);
	KUNIT_EXPECT_EQ(test, PAGE_ALIGN_DOWN(EMBEDDED_ADDR - SZ_4K), ft->fake->map_base);
	KUNIT_EXPECT_EQ(test, PAGE_ALIGN(EMBEDDED_ADDR + SZ_8K) - ft->fake->map_base,
			ft->fake->map_size);
	req.require = PCI_EP_DB_DISTINCT;
	embedded_in_turn(test, &req, 3, 3);
	req.count = 2;
	embedded_in_turn(test, &req, 2, 3);

	req.count = 3;
	embedded_show(ft, 0, 0xa0);
	embedded_show(ft, 1, 0x98);
	embedded_show(ft, 2, 0x21a0);
	embedded_in_turn(test, &req, 3, 3);
}

/* An EPF gets as many as it asks for, unless it insists that they are distinct. */
static void embedded_more_than_registers(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 5);

	embedded_add(ft, EMBEDDED_ADDR + 4, 1);
	embedded_show(ft, 0, 0xa0);
	embedded_show(ft, 1, 0xa4);
	req.min_count = 1;
	req.prefer = PCI_EP_DB_DISTINCT;
	embedded_in_turn(test, &req, 5, 2);
	req.require = PCI_EP_DB_DISTINCT;
	embedded_in_turn(test, &req, 2, 2);
	req.min_count = 2;
	embedded_in_turn(test, &req, 2, 2);
	req.min_count = 3;
	expect_embedded_refused(test, &req, "2 doorbells at most can be told apart");
	req.min_count = 0;
	expect_embedded_refused(test, &req, "2 doorbells at most can be told apart");
}

/* What tells doorbells apart is the interrupt. */
static void embedded_one_irq(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 2);

	embedded_add(ft, EMBEDDED_ADDR + 4, 0);
	embedded_show(ft, 0, 0xa0);
	embedded_show(ft, 1, 0xa4);
	embedded_in_turn(test, &req, 2, 1);
	req.require = PCI_EP_DB_DISTINCT;
	expect_embedded_refused(test, &req, "1 doorbells at most can be told apart");
}

/* Of four resources one can be used, whatever is wrong with the others. */
static void embedded_bad_ones(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 1);
	struct pci_epc_aux_resource *aux = ft->fake->aux;
	unsigned int i;

	for (i = 1; i < 4; i++)
		embedded_add(ft, EMBEDDED_ADDR + 4 * i, i);
	for (i = 0; i < 4; i++)
		embedded_show(ft, i, 0xa0 + 4 * i);
	aux[0].u.db_mmio.irq = 0;
	aux[1].type = PCI_EPC_AUX_DOORBELL_MMIO + 1;
	aux[2].bar_offset++;
	embedded_in_turn(test, &req, 1, 1);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&embedded_reg(ft, 3)->writes));
	req.count = 2;
	embedded_in_turn(test, &req, 2, 1);

	aux[3].u.db_mmio.irq = -ENXIO;
	expect_embedded_refused(test, &req, "the doorbell register has no interrupt");
	aux[2].bar_offset--;
	embedded_in_turn(test, &req, 2, 1);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&embedded_reg(ft, 2)->writes));
}

/* One layout must reach them all: the others are not used, or nothing is. */
static void embedded_out_of_reach(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = embedded_request(test, 2);

	if (!IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS))
		kunit_skip(test, "no fake IOMMU");
	embedded_add(ft, EMBEDDED_ADDR + 4, 1);
	embedded_show(ft, 1, 0xa4);
	embedded_in_turn(test, &req, 2, 1);
	embedded_add(ft, EMBEDDED_ADDR + SZ_64K, 2);
	embedded_in_turn(test, &req, 2, 1);

	/* No window of that BAR reaches both. */
	embedded_add(ft, EMBEDDED_ADDR + SZ_8K, 3);
	embedded_in_turn(test, &req, 2, 2);
	req.bar = BAR_2;
	ft->fake->features.bar[BAR_2].type = BAR_FIXED;
	ft->fake->features.bar[BAR_2].fixed_size = SZ_4K;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "embedded", "no place in a BAR"));
	fake_expect_as_before(ft->fake, &ft->before);
	req.count = 1;
	embedded_in_turn(test, &req, 1, 1);
}

/* One of several EPFs of a controller, and its doorbell in the same register */
struct embedded_holder {
	struct fake_test	*ft;
	struct pci_epf		*epf;
	struct fake_log		*log;
	struct pci_ep_db_set	*set;
	bool			can_sleep;
	bool			stop;
	unsigned int		rings;
};

static void embedded_hold(struct kunit *test, struct embedded_holder *holder)
{
	struct pci_ep_db_request req = embedded_request(test, 1);
	struct fake_epc *fake = holder->ft->fake;

	req.priv = holder->log;
	req.can_sleep = holder->can_sleep;
	reinit_completion(&holder->log->called);
	swap(fake->epf, holder->epf);
	holder->set = fake_alloc(fake, &req);
	swap(fake->epf, holder->epf);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(holder->set));
}

/* Two functions and a virtual one, whose handlers sleep but for the first one's */
static struct embedded_holder *embedded_holders(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct embedded_holder *holder = kunit_kcalloc(test, 3, sizeof(*holder), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, holder);
	holder[0].epf = ft->fake->epf;
	holder[1].epf = fake_epf_create(ft->fake);
	holder[2].epf = fake_vf_create(ft->fake, 0, 1);
	for (i = 0; i < 3; i++) {
		holder[i].ft = ft;
		holder[i].log = i ? fake_log_create(ft->fake) : ft->log;
		holder[i].can_sleep = i;
		embedded_hold(test, &holder[i]);
	}

	return holder;
}

/* Each EPF's handler hears of a ring of any of them, until it gives its set back. */
static void embedded_several(struct kunit *test)
{
	struct embedded_holder *holder = embedded_holders(test);
	struct fake_epc *fake = holder->ft->fake;
	unsigned int i, ringer;

	KUNIT_EXPECT_EQ(test, 1, fake_requested(fake));
	for (ringer = 0; ringer < 3; ringer++) {
		KUNIT_EXPECT_EQ(test, 0, fake_ring(fake, holder[ringer].set, 0));
		for (i = 0; i < 3; i++) {
			FAKE_WAIT(test, &holder[i].log->called);
			KUNIT_EXPECT_EQ(test, ringer + 1, atomic_read(&holder[i].log->calls));
		}
	}

	fake_free(fake, holder[1].set);
	KUNIT_EXPECT_EQ(test, 0, fake_ring(fake, holder[2].set, 0));
	FAKE_WAIT(test, &holder[0].log->called);
	FAKE_WAIT(test, &holder[2].log->called);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&holder[1].log->calls));
	fake_free(fake, holder[0].set);
	fake_free(fake, holder[2].set);
	KUNIT_EXPECT_EQ(test, 0, fake_requested(fake));
}

/* Ring, and go on when it was delivered. */
static void embedded_ring_on(void *data)
{
	struct embedded_holder *holder = data;

	while (!READ_ONCE(holder->stop) && !fake_ring(holder->ft->fake, holder->set, 0) &&
	       wait_for_completion_timeout(&holder->log->called, FAKE_TIMEOUT))
		holder->rings++;
}

/* One gives its doorbell back and gets it again while another one's is rung. */
static void embedded_while_others_ring(struct kunit *test)
{
	struct embedded_holder *holder = embedded_holders(test);
	struct fake_epc *fake = holder->ft->fake;
	struct fake_thread thread;
	unsigned int i;

	fake_thread_run(test, &thread, embedded_ring_on, &holder[0]);
	for (i = 0; i < 20; i++) {
		FAKE_WAIT(test, &holder[1].log->called);
		FAKE_WAIT(test, &holder[2].log->called);
		fake_free(fake, holder[1].set);
		embedded_hold(test, &holder[1]);
	}
	WRITE_ONCE(holder[0].stop, true);
	fake_thread_wait(test, &thread);
	KUNIT_EXPECT_GE(test, holder[0].rings, 20);
	KUNIT_EXPECT_EQ(test, holder[0].rings, atomic_read(&embedded_reg(holder->ft, 0)->writes));
}

static struct kunit_case embedded_cases[] = {
	KUNIT_CASE(embedded_window),
	KUNIT_CASE(embedded_fixed),
	KUNIT_CASE(embedded_shared),
	KUNIT_CASE(embedded_with_dma),
	KUNIT_CASE(embedded_refusals),
	KUNIT_CASE(embedded_undo),
	KUNIT_CASE(embedded_distinct),
	KUNIT_CASE(embedded_more_than_registers),
	KUNIT_CASE(embedded_one_irq),
	KUNIT_CASE(embedded_bad_ones),
	KUNIT_CASE(embedded_out_of_reach),
	KUNIT_CASE(embedded_several),
	KUNIT_CASE(embedded_while_others_ring),
	{}
};

static struct kunit_suite embedded_suite = {
	.name = "pci-ep-doorbell-embedded",
	.init = embedded_init,
	.test_cases = embedded_cases,
};

kunit_test_suites(&poll_suite, &embedded_suite);

MODULE_LICENSE("GPL");
