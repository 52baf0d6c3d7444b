// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of doorbells from a controller that traps BAR writes
 *
 * The host writes to a BAR of the model, the window leads to memory of a
 * function, the interrupt to the backend, and the core calls the handler. Only
 * the endpoint controller between the endpoint core and the model's registers
 * is one of the tests' own.
 */
#include <kunit/platform_device.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/kthread.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "pcie-designware.h"
#include "vep-test.h"
#include "vep-trap.h"

#define TRAP_FUNCS	2
#define TRAP_BARS	4		/* that a function can have windows for */
#define TRAP_BAR_ADDR	0xd0000000U
#define TRAP_MEM_SIZE	SZ_64K
/* Generous: a test that waits for so long has failed. */
#define TRAP_TIMEOUT	(60 * HZ)
#define TRAP_LOG	16
#define TRAP_IRQ_WRITES	1000

/**
 * struct trap_test - a test
 * @test: the test
 * @v: the model
 * @fwnode: of the interrupt controller
 * @irq: for trapped writes
 * @dev: the device whose driver would have made @epc
 * @epc: the controller
 * @epf: functions, each with memory in BAR0
 * @trap: the backend
 * @registered: @trap is registered
 */
struct trap_test {
	struct kunit *test;
	struct vep *v;
	struct fwnode_handle *fwnode;
	int irq;
	struct device *dev;
	struct pci_epc *epc;
	struct pci_epf *epf[TRAP_FUNCS];
	struct vep_trap trap;
	bool registered;
};

/**
 * struct trap_log - what a handler saw
 * @calls: how often it was called
 * @index: doorbells of the first calls
 * @value: values of the first calls
 * @last: value of the last one
 * @hard: it was called in hard interrupt context
 * @cost: what a call is said to cost, in ns
 * @called: completed by each call
 * @gone: how often gone was called
 */
struct trap_log {
	atomic_t calls;
	unsigned int index[TRAP_LOG];
	u32 value[TRAP_LOG];
	u32 last;
	bool hard;
	u64 cost;
	struct completion called;
	atomic_t gone;
};

/* The controller */

static u32 trap_bar_addr(unsigned int func, unsigned int bar)
{
	return TRAP_BAR_ADDR + func * SZ_16M + bar * SZ_1M;
}

static int trap_set_bar(struct pci_epc *epc, u8 func, u8 vfunc,
			struct pci_epf_bar *bar)
{
	struct trap_test *tt = dev_get_drvdata(epc->dev.parent);
	u32 reg = PCI_BASE_ADDRESS_0 + 4 * bar->barno;
	u32 dbi = func * VEP_DBI_STRIDE;

	if (bar->barno >= TRAP_BARS)
		return -ENOSPC;

	if (!vep_bar_size(tt->v, func, bar->barno)) {
		vep_dbi_write(tt->v, dbi + VEP_DBI2_OFFSET + reg, 4, bar->size - 1);
		vep_dbi_write(tt->v, dbi + reg, 4, 0);
		vep_ep_cfg_write(tt->v, func, reg, 4, trap_bar_addr(func, bar->barno));
		vep_ep_cfg_write(tt->v, func, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	}
	vep_test_bar_window(tt->v, func * TRAP_BARS + bar->barno, func, bar->barno,
			    bar->phys_addr);

	return 0;
}

static void trap_clear_bar(struct pci_epc *epc, u8 func, u8 vfunc,
			   struct pci_epf_bar *bar)
{
	struct trap_test *tt = dev_get_drvdata(epc->dev.parent);
	u32 reg = PCI_BASE_ADDRESS_0 + 4 * bar->barno;

	vep_dbi_write(tt->v, func * VEP_DBI_STRIDE + VEP_DBI2_OFFSET + reg, 4, 0);
}

static const struct pci_epc_features *
trap_get_features(struct pci_epc *epc, u8 func, u8 vfunc)
{
	struct trap_test *tt = dev_get_drvdata(epc->dev.parent);

	return tt->v->board->features;
}

static const struct pci_epc_ops trap_epc_ops = {
	.set_bar	= trap_set_bar,
	.clear_bar	= trap_clear_bar,
	.get_features	= trap_get_features,
	.owner		= THIS_MODULE,
};

KUNIT_DEFINE_ACTION_WRAPPER(trap_epc_destroy, pci_epc_destroy, struct pci_epc *);

static void trap_create_epc(struct trap_test *tt)
{
	static atomic_t number;
	struct kunit *test = tt->test;
	struct platform_device *pdev;

	pdev = kunit_platform_device_alloc(test, "vep-trap-epc",
					   atomic_inc_return(&number));
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_platform_device_add(test, pdev));
	tt->dev = &pdev->dev;
	dev_set_drvdata(tt->dev, tt);
	KUNIT_ASSERT_EQ(test, 0,
			dma_coerce_mask_and_coherent(tt->dev, DMA_BIT_MASK(64)));

	tt->epc = pci_epc_create(tt->dev, &trap_epc_ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tt->epc);
	tt->epc->max_functions = TRAP_FUNCS;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, trap_epc_destroy, tt->epc));
}

/* The functions */

static void trap_epf_destroy(void *data)
{
	struct pci_epf *epf = data;

	if (epf->bar[BAR_0].addr) {
		pci_epc_clear_bar(epf->epc, epf->func_no, 0, &epf->bar[BAR_0]);
		pci_epf_free_space(epf, epf->bar[BAR_0].addr, BAR_0,
				   PRIMARY_INTERFACE);
	}
	pci_epc_remove_epf(epf->epc, epf, PRIMARY_INTERFACE);
	pci_epf_destroy(epf);
}

static struct pci_epf *trap_create_epf(struct trap_test *tt)
{
	static atomic_t number;
	struct kunit *test = tt->test;
	struct pci_epf *epf;
	char *name;

	name = devm_kasprintf(tt->dev, GFP_KERNEL, "vtt.%d",
			      atomic_inc_return(&number));
	KUNIT_ASSERT_NOT_NULL(test, name);
	epf = pci_epf_create(name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, epf);
	KUNIT_ASSERT_EQ(test, 0, pci_epc_add_epf(tt->epc, epf, PRIMARY_INTERFACE));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, trap_epf_destroy, epf));

	vep_dbi_write(tt->v, epf->func_no * VEP_DBI_STRIDE + PCI_VENDOR_ID, 4,
		      0xb500104c);
	KUNIT_ASSERT_NOT_NULL(test, pci_epf_alloc_space(epf, TRAP_MEM_SIZE, BAR_0,
							tt->v->board->features,
							PRIMARY_INTERFACE));
	KUNIT_ASSERT_EQ(test, 0, pci_epc_set_bar(tt->epc, epf->func_no, 0,
						 &epf->bar[BAR_0]));

	return epf;
}

/* The interrupt */

static void trap_intc_destroy(void *data)
{
	struct trap_test *tt = data;

	for (unsigned int i = 0; i < VEP_MAX_LINES; i++)
		hrtimer_cancel(&tt->v->line[i].timer);
	irq_dispose_mapping(tt->irq);
	irq_domain_remove(tt->v->intc);
	tt->v->intc = NULL;
	irq_domain_free_fwnode(tt->fwnode);
}

static void trap_create_irq(struct trap_test *tt)
{
	struct kunit *test = tt->test;

	tt->fwnode = irq_domain_alloc_named_fwnode("vep-trap-test");
	KUNIT_ASSERT_NOT_NULL(test, tt->fwnode);
	KUNIT_ASSERT_EQ(test, 0, vep_intc_create(tt->v, tt->fwnode));
	tt->irq = irq_create_mapping(tt->v->intc, tt->v->board->dma_lines);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, trap_intc_destroy, tt));
	KUNIT_ASSERT_GT(test, tt->irq, 0);
}

static void trap_unregister(void *data)
{
	struct trap_test *tt = data;

	if (tt->registered)
		vep_trap_unregister(&tt->trap);
	tt->registered = false;
}

static void trap_register(struct trap_test *tt)
{
	KUNIT_ASSERT_EQ(tt->test, 0,
			vep_trap_register(&tt->trap, tt->v, tt->epc, tt->irq));
	tt->registered = true;
}

static int trap_test_init(struct kunit *test)
{
	struct trap_test *tt = kunit_kzalloc(test, sizeof(*tt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tt);
	tt->test = test;
	tt->v = vep_test_create(test, "trap");
	trap_create_irq(tt);
	trap_create_epc(tt);
	for (unsigned int i = 0; i < TRAP_FUNCS; i++)
		tt->epf[i] = trap_create_epf(tt);
	trap_register(tt);
	test->priv = tt;

	return kunit_add_action_or_reset(test, trap_unregister, tt);
}

/* The holder of a set */

static enum pci_ep_db_return trap_handler(struct pci_ep_db_set *set,
					  unsigned int index, u32 value, void *priv)
{
	struct trap_log *log = priv;
	unsigned int n = atomic_inc_return(&log->calls) - 1;

	if (n < TRAP_LOG) {
		log->index[n] = index;
		log->value[n] = value;
	}
	WRITE_ONCE(log->last, value);
	log->hard |= in_hardirq();
	if (log->cost)
		pci_ep_db_account(set, log->cost);
	complete(&log->called);

	return PCI_EP_DB_DONE;
}

static void trap_gone(struct pci_ep_db_set *set, void *priv)
{
	struct trap_log *log = priv;

	atomic_inc(&log->gone);
}

static struct trap_log *trap_log(struct kunit *test)
{
	struct trap_log *log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, log);
	init_completion(&log->called);

	return log;
}

/* As NVMe asks: words at a named place in BAR0 */
static struct pci_ep_db_request trap_request(struct trap_log *log,
					     enum pci_ep_db_kind kind,
					     unsigned int count, u32 offset)
{
	return (struct pci_ep_db_request) {
		.name		= "test",
		.kind		= kind,
		.count		= count,
		.require	= PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT,
		.bar		= BAR_0,
		.offset		= offset,
		.stride		= sizeof(u32),
		.handler	= trap_handler,
		.gone		= trap_gone,
		.priv		= log,
	};
}

KUNIT_DEFINE_ACTION_WRAPPER(trap_free, pci_ep_db_free, struct pci_ep_db_set *);

static struct pci_ep_db_set *trap_alloc(struct kunit *test, unsigned int func,
					const struct pci_ep_db_request *req)
{
	struct trap_test *tt = test->priv;
	struct pci_ep_db_set *set = pci_ep_db_alloc(tt->epf[func], req);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, trap_free, set));
	KUNIT_ASSERT_STREQ(test, set->backend->name, "trap");

	return set;
}

static struct pci_ep_db_set *trap_set(struct kunit *test, struct trap_log *log,
				      enum pci_ep_db_kind kind, unsigned int count,
				      u32 offset)
{
	struct pci_ep_db_request req = trap_request(log, kind, count, offset);

	return trap_alloc(test, 0, &req);
}

/* The host */

static void trap_write(struct vep *v, unsigned int func, u32 offset, void *data,
		       size_t len)
{
	vep_ep_mem(v, trap_bar_addr(func, BAR_0) + offset, data, len, true);
}

static void trap_write32(struct trap_test *tt, unsigned int func, u32 offset,
			 u32 value)
{
	trap_write(tt->v, func, offset, &value, sizeof(value));
}

static u32 trap_memory(struct trap_test *tt, unsigned int func, u32 offset)
{
	return READ_ONCE(*(u32 *)(tt->epf[func]->bar[BAR_0].addr + offset));
}

static void trap_wait(struct kunit *test, struct trap_log *log)
{
	KUNIT_ASSERT_NE(test, 0,
			wait_for_completion_timeout(&log->called, TRAP_TIMEOUT));
}

/* Returns when the interrupt of what was written so far has been handled. */
static void trap_settle(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct vep_line *line = &tt->v->line[tt->v->board->dma_lines];
	unsigned long timeout = jiffies + TRAP_TIMEOUT;

	while (READ_ONCE(line->level) && time_before(jiffies, timeout))
		cond_resched();
	KUNIT_ASSERT_FALSE(test, READ_ONCE(line->level));
	synchronize_irq(tt->irq);
}

static void trap_expect(struct kunit *test, struct trap_log *log, int calls)
{
	trap_settle(test);
	KUNIT_EXPECT_EQ(test, calls, atomic_read(&log->calls));
}

static void trap_value(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_set *set = trap_set(test, log, PCI_EP_DB_VALUE, 128, 0x1000);
	u32 value;

	KUNIT_EXPECT_EQ(test, PCI_EP_DB_CAPS, pci_ep_db_caps(set));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	trap_write32(tt, 0, 0x1000 + 4 * 127, 0xabcd0001);
	trap_wait(test, log);
	KUNIT_EXPECT_EQ(test, 127, log->index[0]);
	KUNIT_EXPECT_EQ(test, 0xabcd0001, log->value[0]);
	KUNIT_EXPECT_TRUE(test, log->hard);
	/* It went through to the memory of the function. */
	KUNIT_EXPECT_EQ(test, 0xabcd0001, trap_memory(tt, 0, 0x1000 + 4 * 127));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_value(set, 127, &value));
	KUNIT_EXPECT_EQ(test, 0xabcd0001, value);

	/* The same value is no ring, and zero is a value. */
	trap_write32(tt, 0, 0x1000 + 4 * 127, 0xabcd0001);
	trap_expect(test, log, 1);
	trap_write32(tt, 0, 0x1000 + 4 * 127, 0);
	trap_wait(test, log);
	KUNIT_EXPECT_EQ(test, 0, log->value[1]);

	/* What the function writes itself is none, nor are other words. */
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_rearm(set, 127, 5));
	trap_write32(tt, 0, 0x1000 + 4 * 127, 5);
	trap_write32(tt, 0, 0x1000 + 4 * 128, 1);
	trap_write32(tt, 0, 0xffc, 1);
	trap_expect(test, log, 2);
	KUNIT_EXPECT_EQ(test, 1, trap_memory(tt, 0, 0xffc));
}

static void trap_kinds(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test), *kicks = trap_log(test);
	struct pci_ep_db_set *box, *kick;

	box = trap_set(test, log, PCI_EP_DB_MAILBOX, 1, 0x2000);
	kick = trap_set(test, kicks, PCI_EP_DB_KICK, 2, 0x2004);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(box));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(kick));

	/* The same command twice is two. */
	for (unsigned int i = 0; i < 2; i++) {
		trap_write32(tt, 0, 0x2000, 77);
		trap_wait(test, log);
		KUNIT_EXPECT_EQ(test, 77, log->value[i]);
		KUNIT_EXPECT_EQ(test, 0, trap_memory(tt, 0, 0x2000));
	}
	trap_write32(tt, 0, 0x2000, 0);
	trap_expect(test, log, 2);

	for (unsigned int i = 0; i < 2; i++) {
		trap_write32(tt, 0, 0x2008, 1);
		trap_wait(test, kicks);
		KUNIT_EXPECT_EQ(test, 1, kicks->index[i]);
	}
	trap_expect(test, kicks, 2);
	trap_expect(test, log, 2);
}

/* Whatever way the host writes its words */
static void trap_widths(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_set *set = trap_set(test, log, PCI_EP_DB_VALUE, 4, 0x1000);
	u8 bytes[24] = { [4] = 0x11, [8] = 0x22, [12] = 0x33, [16] = 0x44 };
	u64 both = 0x0000000200000001;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	/* One byte in the middle of a word */
	trap_write(tt->v, 0, 0x1006, &(u8){ 0x7f }, 1);
	trap_wait(test, log);
	KUNIT_EXPECT_EQ(test, 1, log->index[0]);
	KUNIT_EXPECT_EQ(test, 0x7f0000, log->value[0]);
	trap_write(tt->v, 0, 0x100c, &(u16){ 0x1234 }, 2);
	trap_wait(test, log);
	KUNIT_EXPECT_EQ(test, 3, log->index[1]);
	KUNIT_EXPECT_EQ(test, 0x1234, log->value[1]);

	/* Two words in one write, aligned or not */
	trap_write(tt->v, 0, 0x1000, &both, 8);
	trap_wait(test, log);
	trap_wait(test, log);
	KUNIT_EXPECT_EQ(test, 0, log->index[2]);
	KUNIT_EXPECT_EQ(test, 1, log->value[2]);
	KUNIT_EXPECT_EQ(test, 1, log->index[3]);
	KUNIT_EXPECT_EQ(test, 2, log->value[3]);
	trap_write(tt->v, 0, 0x1002, &(u32){ 0x00050004 }, 4);
	trap_wait(test, log);
	trap_wait(test, log);
	KUNIT_EXPECT_EQ(test, 0x00040001, log->value[4]);
	KUNIT_EXPECT_EQ(test, 0x00000005, log->value[5]);

	/* All of them, and what is around them */
	trap_write(tt->v, 0, 0xffc, bytes, sizeof(bytes));
	for (unsigned int i = 0; i < 4; i++)
		trap_wait(test, log);
	for (unsigned int i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, i, log->index[6 + i]);
		KUNIT_EXPECT_EQ(test, 0x11 * (i + 1), log->value[6 + i]);
	}
	trap_expect(test, log, 10);
}

/* As of nvmet: CC in front, the queues' doorbells behind it */
static void trap_two_sets(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *cc_log = trap_log(test), *queues_log = trap_log(test);
	struct pci_ep_db_set *cc, *queues;

	cc = trap_set(test, cc_log, PCI_EP_DB_VALUE, 1, 0x14);
	queues = trap_set(test, queues_log, PCI_EP_DB_VALUE, 8, 0x1000);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(cc));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(queues));
	trap_write32(tt, 0, 0x1004, 3);
	trap_wait(test, queues_log);
	trap_expect(test, cc_log, 0);
	trap_write32(tt, 0, 0x14, 1);
	trap_wait(test, cc_log);
	trap_expect(test, queues_log, 1);

	/* One goes, the other one stays. */
	kunit_release_action(test, trap_free, queues);
	trap_write32(tt, 0, 0x1004, 4);
	trap_write32(tt, 0, 0x14, 0);
	trap_wait(test, cc_log);
	trap_expect(test, queues_log, 1);
	KUNIT_EXPECT_EQ(test, 4, trap_memory(tt, 0, 0x1004));
}

/* Two functions with words at the same place */
static void trap_two_functions(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *one_log = trap_log(test), *two_log = trap_log(test);
	struct pci_ep_db_request req = trap_request(two_log, PCI_EP_DB_VALUE, 2, 0x1000);
	struct pci_ep_db_set *one, *two;

	one = trap_set(test, one_log, PCI_EP_DB_VALUE, 2, 0x1000);
	two = trap_alloc(test, 1, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(one));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(two));
	trap_write32(tt, 1, 0x1004, 9);
	trap_wait(test, two_log);
	KUNIT_EXPECT_EQ(test, 9, two_log->value[0]);
	trap_expect(test, one_log, 0);
	KUNIT_EXPECT_EQ(test, 0, trap_memory(tt, 0, 0x1004));
	kunit_release_action(test, trap_free, two);
	trap_write32(tt, 1, 0x1004, 8);
	trap_write32(tt, 0, 0x1004, 7);
	trap_wait(test, one_log);
	trap_expect(test, two_log, 1);
}

/* What was rung before anybody listened: kicks wait, values are read. */
static void trap_before_enable(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *kicks = trap_log(test), *values = trap_log(test);
	struct pci_ep_db_set *kick, *value;
	u32 now;

	/* Words that were not zero are no rings of a kick. */
	trap_write32(tt, 0, 0x2000, 1);
	kick = trap_set(test, kicks, PCI_EP_DB_KICK, 2, 0x2000);
	value = trap_set(test, values, PCI_EP_DB_VALUE, 1, 0x1000);
	trap_write32(tt, 0, 0x2004, 1);
	trap_write32(tt, 0, 0x1000, 6);
	trap_expect(test, kicks, 0);
	trap_expect(test, values, 0);

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(kick));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(value));
	trap_wait(test, kicks);
	KUNIT_EXPECT_EQ(test, 1, kicks->index[0]);
	trap_expect(test, kicks, 1);
	trap_expect(test, values, 0);
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_value(value, 0, &now));
	KUNIT_EXPECT_EQ(test, 6, now);

	/* And while it was disabled */
	pci_ep_db_disable(kick);
	trap_write32(tt, 0, 0x2000, 1);
	trap_expect(test, kicks, 1);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(kick));
	trap_wait(test, kicks);
	trap_expect(test, kicks, 2);
}

static void trap_can_sleep(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_request req = trap_request(log, PCI_EP_DB_VALUE, 1, 0x1000);
	struct pci_ep_db_set *set;

	req.can_sleep = true;
	set = trap_alloc(test, 0, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	for (unsigned int i = 1; i <= 10; i++) {
		trap_write32(tt, 0, 0x1000, i);
		trap_wait(test, log);
		KUNIT_EXPECT_EQ(test, i, log->value[i - 1]);
	}
	KUNIT_EXPECT_FALSE(test, log->hard);
}

/* A ring gets no further than the window does. */
static void trap_through_the_window(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_set *set = trap_set(test, log, PCI_EP_DB_VALUE, 1, 0x1000);

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	vep_atu_write(tt->v, PCIE_ATU_UNROLL_BASE(PCIE_ATU_REGION_DIR_IB, 0) |
		      PCIE_ATU_REGION_CTRL2, 0);
	trap_write32(tt, 0, 0x1000, 1);
	trap_expect(test, log, 0);
	KUNIT_EXPECT_EQ(test, 0, trap_memory(tt, 0, 0x1000));
	KUNIT_ASSERT_EQ(test, 0, pci_epc_set_bar(tt->epc, 0, 0,
						 &tt->epf[0]->bar[BAR_0]));
	trap_write32(tt, 0, 0x1000, 1);
	trap_wait(test, log);
}

/* A host that writes from an interrupt of its own */
struct trap_irq_host {
	struct trap_test *tt;
	struct hrtimer timer;
	u32 next;
};

static enum hrtimer_restart trap_irq_write(struct hrtimer *timer)
{
	struct trap_irq_host *host = container_of(timer, struct trap_irq_host, timer);

	trap_write32(host->tt, 0, 0x1000, host->next);
	if (host->next == TRAP_IRQ_WRITES)
		return HRTIMER_NORESTART;
	WRITE_ONCE(host->next, host->next + 1);
	hrtimer_forward_now(timer, ns_to_ktime(20 * NSEC_PER_USEC));

	return HRTIMER_RESTART;
}

static void trap_from_interrupts(struct kunit *test)
{
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_set *set = trap_set(test, log, PCI_EP_DB_VALUE, 1, 0x1000);
	struct trap_irq_host host = { .tt = test->priv, .next = 1 };
	unsigned long timeout = jiffies + TRAP_TIMEOUT;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	hrtimer_setup_on_stack(&host.timer, trap_irq_write, CLOCK_MONOTONIC,
			       HRTIMER_MODE_REL_HARD);
	hrtimer_start(&host.timer, 0, HRTIMER_MODE_REL_HARD);
	/* Many are merged, the last one is seen. */
	while (READ_ONCE(log->last) != TRAP_IRQ_WRITES && time_before(jiffies, timeout))
		usleep_range(100, 200);
	hrtimer_cancel(&host.timer);
	destroy_hrtimer_on_stack(&host.timer);
	KUNIT_EXPECT_EQ(test, TRAP_IRQ_WRITES, log->last);
	KUNIT_EXPECT_LE(test, atomic_read(&log->calls), TRAP_IRQ_WRITES);
}

/* A storm: the interrupt is held off, and the last ring is delivered. */
static void trap_storm_of(struct kunit *test, bool can_sleep)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_request req = trap_request(log, PCI_EP_DB_KICK, 1, 0x1000);
	atomic_long_t *irqs = &tt->v->stat[VEP_STAT_TRAP_IRQ];
	unsigned long start, timeout;
	struct pci_ep_db_set *set;
	unsigned int windows;
	long before;

	req.can_sleep = can_sleep;
	set = trap_alloc(test, 0, &req);
	/* Each call costs the whole of a window of 20 ms. */
	log->cost = 20 * NSEC_PER_MSEC;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	before = atomic_long_read(irqs);
	start = jiffies;
	while (time_before(jiffies, start + HZ / 5)) {
		trap_write32(tt, 0, 0x1000, 1);
		cond_resched();
	}
	windows = jiffies_to_msecs(jiffies - start) / 20 + 3;
	KUNIT_EXPECT_LE(test, atomic_read(&log->calls), windows);
	KUNIT_EXPECT_GE(test, atomic_read(&log->calls), 2);
	/* With a thread there are some until it has run. */
	if (!can_sleep)
		KUNIT_EXPECT_LE(test, atomic_long_read(irqs) - before, 3 * windows);

	timeout = jiffies + TRAP_TIMEOUT;
	while (trap_memory(tt, 0, 0x1000) && time_before(jiffies, timeout))
		usleep_range(100, 200);
	KUNIT_EXPECT_EQ(test, 0, trap_memory(tt, 0, 0x1000));
}

static void trap_storm(struct kunit *test)
{
	trap_storm_of(test, false);
}

static void trap_storm_sleeping(struct kunit *test)
{
	trap_storm_of(test, true);
}

/* One set storms, the other one is as quick as ever. */
static void trap_storm_next_door(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *loud_log = trap_log(test), *quiet_log = trap_log(test);
	struct pci_ep_db_set *loud, *quiet;

	loud = trap_set(test, loud_log, PCI_EP_DB_KICK, 1, 0x1000);
	quiet = trap_set(test, quiet_log, PCI_EP_DB_KICK, 1, 0x14);
	/* Each call costs the whole of a window of 20 ms. */
	loud_log->cost = 20 * NSEC_PER_MSEC;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(loud));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(quiet));
	for (unsigned int i = 0; i < 10; i++) {
		trap_write32(tt, 0, 0x1000, 1);
		trap_write32(tt, 0, 0x14, 1);
		trap_wait(test, quiet_log);
	}
	KUNIT_EXPECT_EQ(test, 10, atomic_read(&quiet_log->calls));
	KUNIT_EXPECT_LT(test, atomic_read(&loud_log->calls), 10);
}

/* A host that writes and writes */
struct trap_ringer {
	struct trap_test *tt;
	struct task_struct *task;
};

static int trap_ringer(void *data)
{
	struct trap_ringer *ringer = data;
	u32 value = 0;

	while (!kthread_should_stop()) {
		trap_write32(ringer->tt, 0, 0x1000, ++value);
		cond_resched();
	}

	return 0;
}

static void trap_ringer_start(struct kunit *test, struct trap_ringer *ringer)
{
	ringer->tt = test->priv;
	ringer->task = kthread_run(trap_ringer, ringer, "vep-ringer");
	KUNIT_ASSERT_FALSE(test, IS_ERR(ringer->task));
}

static void trap_free_during_rings(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_request req = trap_request(log, PCI_EP_DB_VALUE, 4, 0x1000);
	struct trap_ringer ringer;
	unsigned int i;

	trap_ringer_start(test, &ringer);
	for (i = 0; i < 50; i++) {
		struct pci_ep_db_set *set = pci_ep_db_alloc(tt->epf[0], &req);
		int calls;

		if (IS_ERR(set))
			break;
		reinit_completion(&log->called);
		pci_ep_db_enable(set);
		wait_for_completion_timeout(&log->called, TRAP_TIMEOUT);
		pci_ep_db_free(set);
		calls = atomic_read(&log->calls);
		usleep_range(100, 200);
		if (calls != atomic_read(&log->calls))
			break;
	}
	kthread_stop(ringer.task);
	KUNIT_EXPECT_EQ(test, 50, i);
	KUNIT_EXPECT_GE(test, atomic_read(&log->calls), 50);
}

/* Sets come and go while another one is rung: the interrupt is the same. */
static void trap_alloc_during_rings(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test), *other_log = trap_log(test);
	struct pci_ep_db_request req = trap_request(other_log, PCI_EP_DB_VALUE, 1, 0x14);
	struct pci_ep_db_set *rung = trap_set(test, log, PCI_EP_DB_VALUE, 1, 0x1000);
	struct trap_ringer ringer;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(rung));
	trap_ringer_start(test, &ringer);
	for (i = 0; i < 200; i++) {
		struct pci_ep_db_set *set = pci_ep_db_alloc(tt->epf[0], &req);

		if (IS_ERR(set))
			break;
		pci_ep_db_free(set);
	}
	trap_wait(test, log);
	kthread_stop(ringer.task);
	KUNIT_EXPECT_EQ(test, 200, i);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&other_log->calls));
}

/* The backend goes away under a set that the host rings. */
static void trap_goes_away(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_request req = trap_request(log, PCI_EP_DB_VALUE, 4, 0x1000);
	struct pci_ep_db_set *set = trap_alloc(test, 0, &req);
	struct trap_ringer ringer;
	u32 value;
	int calls;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	trap_ringer_start(test, &ringer);
	trap_wait(test, log);
	trap_unregister(tt);
	calls = atomic_read(&log->calls);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&log->gone));
	KUNIT_EXPECT_EQ(test, -ENODEV, pci_ep_db_value(set, 0, &value));
	usleep_range(1000, 2000);
	kthread_stop(ringer.task);

	/* Late rings reach memory, and nobody. */
	trap_write32(tt, 0, 0x1000, 0x1a7e);
	KUNIT_EXPECT_EQ(test, 0x1a7e, trap_memory(tt, 0, 0x1000));
	KUNIT_EXPECT_FALSE(test, tt->v->line[tt->v->board->dma_lines].level);
	KUNIT_EXPECT_TRUE(test, list_empty(&tt->v->words));
	KUNIT_EXPECT_EQ(test, calls, atomic_read(&log->calls));

	/* Nobody offers this now, and then somebody does again. */
	kunit_release_action(test, trap_free, set);
	req.num_types = 1;
	req.types[0] = PCI_EP_DB_CONTROLLER;
	KUNIT_EXPECT_PTR_EQ(test, pci_ep_db_alloc(tt->epf[0], &req),
			    ERR_PTR(-EOPNOTSUPP));
	trap_register(tt);
	set = trap_alloc(test, 0, &req);
	reinit_completion(&log->called);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	trap_write32(tt, 0, 0x1000, 1);
	trap_wait(test, log);
}

/* Of a BAR that was free, and while setting it fails */
static void trap_free_bar(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct trap_log *log = trap_log(test);
	struct pci_ep_db_request req = trap_request(log, PCI_EP_DB_KICK, 3, 0x40);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;
	u32 data;

	req.bar = TRAP_BARS;
	req.num_types = 1;
	req.types[0] = PCI_EP_DB_CONTROLLER;
	KUNIT_EXPECT_PTR_EQ(test, pci_ep_db_alloc(tt->epf[0], &req),
			    ERR_PTR(-EOPNOTSUPP));
	KUNIT_EXPECT_TRUE(test, list_empty(&tt->v->words));

	req.bar = BAR_2;
	set = trap_alloc(test, 0, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 2, &loc));
	KUNIT_EXPECT_EQ(test, BAR_2, loc.bar);
	data = loc.data;
	vep_ep_mem(tt->v, trap_bar_addr(0, BAR_2) + loc.offset, &data, 4, true);
	trap_wait(test, log);
	KUNIT_EXPECT_EQ(test, 2, log->index[0]);
}

/* It belongs to one controller. */
static void trap_other_controller(struct kunit *test)
{
	struct trap_test *tt = test->priv;
	struct pci_ep_db_request req = trap_request(trap_log(test), PCI_EP_DB_VALUE, 1,
						    0x1000);
	struct pci_epc *epc = tt->trap.backend.epc;

	KUNIT_EXPECT_PTR_EQ(test, epc, tt->epc);
	req.num_types = 1;
	req.types[0] = PCI_EP_DB_CONTROLLER;
	trap_create_epc(tt);
	tt->epf[0] = trap_create_epf(tt);
	KUNIT_EXPECT_PTR_EQ(test, pci_ep_db_alloc(tt->epf[0], &req),
			    ERR_PTR(-EOPNOTSUPP));
}

static struct kunit_case trap_cases[] = {
	KUNIT_CASE(trap_value),
	KUNIT_CASE(trap_kinds),
	KUNIT_CASE(trap_widths),
	KUNIT_CASE(trap_two_sets),
	KUNIT_CASE(trap_two_functions),
	KUNIT_CASE(trap_before_enable),
	KUNIT_CASE(trap_can_sleep),
	KUNIT_CASE(trap_through_the_window),
	KUNIT_CASE(trap_from_interrupts),
	KUNIT_CASE(trap_storm),
	KUNIT_CASE(trap_storm_sleeping),
	KUNIT_CASE(trap_storm_next_door),
	KUNIT_CASE(trap_free_during_rings),
	KUNIT_CASE(trap_alloc_during_rings),
	KUNIT_CASE(trap_goes_away),
	KUNIT_CASE(trap_free_bar),
	KUNIT_CASE(trap_other_controller),
	{}
};

static struct kunit_suite trap_suite = {
	.name = "vep-trap",
	.init = trap_test_init,
	.test_cases = trap_cases,
};

kunit_test_suite(trap_suite);
