// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of what happens to BARs
 */

#include <kunit/test.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-fake.h"

struct bar_test {
	struct fake_epc		*fake;
	struct fake_log		*log;
	struct fake_backend	*bus;
	struct fake_backend	*memory;
	struct fake_state	before;
};

static int bar_init(struct kunit *test)
{
	struct bar_test *bt = kunit_kzalloc(test, sizeof(*bt), GFP_KERNEL);
	struct fake_epc *fake = fake_epc_create(test);

	KUNIT_ASSERT_NOT_NULL(test, bt);
	bt->fake = fake;
	bt->log = fake_log_create(fake);
	bt->bus = fake_backend_create(fake, "bus", PCI_EP_DB_FORM_BUS);
	bt->memory = fake_backend_create(fake, "memory", PCI_EP_DB_FORM_MEMORY);
	bt->memory->backend.type = PCI_EP_DB_POLL;
	fake_add_reg(fake, FAKE_MMIO + 0x40, 1, 0);
	fake_add_reg(fake, FAKE_MMIO + 0x40, 2, 1);
	fake_backend_register(bt->bus);
	fake_backend_register(bt->memory);
	fake_save(fake, &bt->before);
	test->priv = bt;

	return 0;
}

static struct pci_ep_db_request bus_request(struct bar_test *bt)
{
	return fake_request(bt->log, PCI_EP_DB_KICK, 2, PCI_EP_DB_CONTROLLER);
}

static struct pci_ep_db_request word_request(struct bar_test *bt)
{
	return fake_request(bt->log, PCI_EP_DB_MAILBOX, 2, PCI_EP_DB_POLL);
}

/* A ring of the last doorbell reaches the handler, and one beside it does not. */
static void expect_ring(struct kunit *test, struct pci_ep_db_set *set)
{
	struct bar_test *bt = test->priv;
	int calls = atomic_read(&bt->log->calls);
	struct pci_ep_db_location loc;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 1, &loc));
	KUNIT_EXPECT_EQ(test, 0, fake_host_write(bt->fake, set->epf, loc.bar, loc.offset,
						 loc.data ?: 9));
	if (set->target[1].word)
		pci_ep_db_poll(set);
	KUNIT_EXPECT_EQ(test, calls + 1, atomic_read(&bt->log->calls));
	fake_host_write(bt->fake, set->epf, loc.bar, loc.offset ^ 8, loc.data ?: 9);
	if (set->target[1].word)
		pci_ep_db_poll(set);
	KUNIT_EXPECT_EQ(test, calls + 1, atomic_read(&bt->log->calls));
}

static void bar_types(struct kunit *test)
{
	static const struct pci_epc_bar_desc types[] = {
		{ .type = BAR_PROGRAMMABLE },
		{ .type = BAR_PROGRAMMABLE, .only_64bit = true },
		{ .type = BAR_RESIZABLE },
		{ .type = BAR_FIXED, .fixed_size = SZ_256 },
		{ .type = BAR_FIXED, .fixed_size = SZ_64K },
	};
	static const size_t aligns[] = { 0, SZ_4K, SZ_64K };
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req[] = { bus_request(bt), word_request(bt) };
	struct pci_ep_db_set *set;
	unsigned int i, j, k;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		for (j = 0; j < ARRAY_SIZE(aligns) * ARRAY_SIZE(req); j++) {
			k = j % ARRAY_SIZE(req);
			bt->fake->features.bar[BAR_2] = types[i];
			bt->fake->features.align = aligns[j / ARRAY_SIZE(req)];
			req[k].bar = BAR_2;
			set = fake_alloc(bt->fake, &req[k]);
			expect_ring(test, set);
			KUNIT_EXPECT_EQ(test, types[i].only_64bit,
					!!(bt->fake->window[0][BAR_2].bar.flags &
					   PCI_BASE_ADDRESS_MEM_TYPE_64));
			fake_free(bt->fake, set);
			KUNIT_EXPECT_PTR_EQ(test, NULL, bt->fake->window[0][BAR_2].kept);
			fake_expect_as_before(bt->fake, &bt->before);
		}
	}
}

static void expect_no_place(struct kunit *test, const struct pci_ep_db_request *req)
{
	struct bar_test *bt = test->priv;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, req));
	fake_expect_as_before(bt->fake, &bt->before);
	KUNIT_EXPECT_EQ(test, 1, bt->fake->set_bars);
}

static void bar_not_to_be_touched(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request bus = bus_request(bt), word = word_request(bt);

	/* Memory of the EPF that is not lent */
	bus.bar = FAKE_MEM_BAR;
	word.bar = FAKE_MEM_BAR;
	expect_no_place(test, &bus);
	expect_no_place(test, &word);

	bt->fake->features.bar[BAR_2].type = BAR_DISABLED;
	bus.bar = BAR_2;
	word.bar = BAR_2;
	expect_no_place(test, &bus);
	expect_no_place(test, &word);

	bt->fake->features.bar[BAR_2].type = BAR_RESERVED;
	expect_no_place(test, &bus);
	expect_no_place(test, &word);

	/* The upper half of a 64-bit BAR */
	bt->fake->features.bar[BAR_2].type = BAR_PROGRAMMABLE;
	bt->fake->features.bar[BAR_2].only_64bit = true;
	bus.bar = BAR_3;
	word.bar = BAR_3;
	expect_no_place(test, &bus);
	expect_no_place(test, &word);
}

/* A mapping that cannot be replaced is not lent to a window. */
static void bar_static_mapping(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = bus_request(bt);

	bt->fake->features.dynamic_inbound_mapping = false;
	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	expect_no_place(test, &req);
}

static void bar_lent(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = bus_request(bt);
	struct pci_epf_bar *kept;
	struct pci_ep_db_set *set;

	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	set = fake_alloc(bt->fake, &req);
	KUNIT_EXPECT_EQ(test, FAKE_MEM_BAR, bt->fake->window[0][FAKE_MEM_BAR].bar.barno);
	/* DWC reads the MSI-X table through the pointer it keeps. */
	kept = bt->fake->window[0][FAKE_MEM_BAR].kept;
	KUNIT_EXPECT_PTR_EQ(test, kept->addr, bt->fake->epf->bar[FAKE_MEM_BAR].addr);
	KUNIT_EXPECT_MEMEQ(test, bt->fake->epf->bar, bt->before.bar, sizeof(bt->before.bar));
	expect_ring(test, set);
	fake_free(bt->fake, set);
	fake_expect_as_before(bt->fake, &bt->before);
	/* The BAR keeps the address that the host assigned: it was never cleared. */
	KUNIT_EXPECT_EQ(test, 0, bt->fake->clear_bars);
}

static void bar_lent_words(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = word_request(bt);
	struct pci_ep_db_set *set;

	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	set = fake_alloc(bt->fake, &req);
	expect_ring(test, set);
	fake_free(bt->fake, set);
	fake_expect_as_before(bt->fake, &bt->before);
	KUNIT_EXPECT_EQ(test, 1, bt->fake->set_bars);
}

/* NVMe: words at an offset and with a stride that the host's driver fixes */
static void bar_named_words(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = word_request(bt);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;
	unsigned int i;

	req.kind = PCI_EP_DB_VALUE;
	req.count = 256;
	req.bar = FAKE_MEM_BAR;
	req.offset = 0x1000;
	req.stride = 4;
	set = fake_alloc(bt->fake, &req);
	for (i = 0; i < 256; i++) {
		KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, i, &loc));
		KUNIT_ASSERT_EQ(test, FAKE_MEM_BAR, loc.bar);
		KUNIT_ASSERT_EQ(test, 0x1000 + 4 * i, loc.offset);
		KUNIT_ASSERT_EQ(test, 0, loc.data);
	}
	KUNIT_EXPECT_TRUE(test, pci_ep_db_caps(set) & PCI_EP_DB_ISOLATED);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	/* One word beyond, and then the last */
	KUNIT_EXPECT_EQ(test, 0, fake_host_write(bt->fake, set->epf, FAKE_MEM_BAR, 0x1400, 5));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	KUNIT_EXPECT_EQ(test, 0, fake_host_write(bt->fake, set->epf, FAKE_MEM_BAR, 0x13fc, 5));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	KUNIT_EXPECT_EQ(test, 255, bt->log->index[0]);
	KUNIT_EXPECT_EQ(test, 5, bt->log->value[0]);
}

/* Several sets in one BAR, but no two in the same words */
static void bar_words_of_two_sets(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request one = word_request(bt), two = word_request(bt);
	struct pci_ep_db_set *set;

	one.bar = FAKE_MEM_BAR;
	one.offset = 0x14;
	one.count = 1;
	fake_alloc(bt->fake, &one);
	two.bar = FAKE_MEM_BAR;
	two.offset = 0x10;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &two));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "memory", "another set has these words"));
	two.offset = 0x18;
	set = fake_alloc(bt->fake, &two);
	expect_ring(test, set);
	/* Words in use are not lent to a window. */
	one = bus_request(bt);
	one.bar = FAKE_MEM_BAR;
	one.lend = BIT(FAKE_MEM_BAR);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &one));
}

/* NVMe again: tails and heads take turns, as two sets */
static void bar_words_interleaved(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = word_request(bt);
	struct pci_ep_db_set *set;

	req.kind = PCI_EP_DB_VALUE;
	req.count = 8;
	req.bar = FAKE_MEM_BAR;
	req.offset = 0x1000;
	req.stride = 8;
	fake_alloc(bt->fake, &req);
	req.offset = 0x1004;
	set = pci_ep_db_alloc(bt->fake->epf, &req);
	KUNIT_EXPECT_FALSE(test, IS_ERR(set));
	pci_ep_db_free(set);
}

static void bar_taken(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = bus_request(bt), word = word_request(bt);
	struct pci_ep_db_set *set;

	req.bar = BAR_2;
	word.bar = BAR_2;
	set = fake_alloc(bt->fake, &req);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &word));
	fake_free(bt->fake, set);
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(bt->fake, &word));
}

static void bar_same_layout(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = bus_request(bt);
	struct pci_ep_db_location first, loc;
	struct pci_ep_db_set *set;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		set = fake_alloc(bt->fake, &req);
		KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 1, &loc));
		if (!i)
			first = loc;
		KUNIT_EXPECT_EQ(test, first.bar, loc.bar);
		KUNIT_EXPECT_EQ(test, first.offset, loc.offset);
		KUNIT_EXPECT_EQ(test, first.data, loc.data);
		fake_free(bt->fake, set);
	}
}

/* Neither the window nor what was there before: the BAR shows nothing then. */
static void bar_restore_fails(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = bus_request(bt);

	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	bt->fake->fail_set_bar = BIT(0) | BIT(1);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &req));
	KUNIT_EXPECT_EQ(test, 1, bt->fake->clear_bars);
	KUNIT_EXPECT_EQ(test, -ENXIO,
			fake_host_write(bt->fake, bt->fake->epf, FAKE_MEM_BAR, 0, 1));
	KUNIT_EXPECT_EQ(test, 0, fake_requested(bt->fake));
}

/* As above, when the set is freed: the controller keeps no pointer into it. */
static void bar_restore_fails_at_free(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = bus_request(bt);
	struct pci_ep_db_set *set;

	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	set = fake_alloc(bt->fake, &req);
	bt->fake->fail_set_bar = BIT(0);
	fake_free(bt->fake, set);
	KUNIT_EXPECT_EQ(test, 1, bt->fake->clear_bars);
	KUNIT_EXPECT_EQ(test, -ENXIO,
			fake_host_write(bt->fake, bt->fake->epf, FAKE_MEM_BAR, 0, 1));
	/* The EPF can set its BAR again. */
	KUNIT_EXPECT_EQ(test, 0, pci_epc_set_bar(bt->fake->epc, 0, 0,
						 &bt->fake->epf->bar[FAKE_MEM_BAR]));
}

/* Where a mapping cannot be replaced there is no scratch page: the BAR shows nothing. */
static void bar_scratch_static_mapping(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = bus_request(bt);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;
	unsigned int set_bars;

	bt->fake->features.dynamic_inbound_mapping = false;
	req.bar = BAR_2;
	set = fake_alloc(bt->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 0, &loc));
	set_bars = bt->fake->set_bars;
	fake_backend_unregister(bt->bus);
	KUNIT_EXPECT_EQ(test, set_bars, bt->fake->set_bars);
	KUNIT_EXPECT_EQ(test, 1, bt->fake->clear_bars);
	KUNIT_EXPECT_EQ(test, bt->before.allocs, atomic_read(&bt->fake->allocs));
	KUNIT_EXPECT_EQ(test, -ENXIO, fake_host_write(bt->fake, bt->fake->epf, loc.bar,
						      loc.offset, loc.data));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&bt->fake->reg[0].writes));
	fake_free(bt->fake, set);
	fake_expect_as_before(bt->fake, &bt->before);
}

static void bar_shown_in_debugfs(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = bus_request(bt);
	struct pci_ep_db_set *set;

	req.name = "shown-set";
	set = fake_alloc(bt->fake, &req);
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake_read_debugfs(test, "pci-ep-doorbell/sets"),
					   "name shown-set"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake_read_debugfs(test, "pci-ep-doorbell/sets"),
					   "shows-other-registers"));
	fake_free(bt->fake, set);
	KUNIT_EXPECT_NULL(test, strstr(fake_read_debugfs(test, "pci-ep-doorbell/sets"),
				       "name shown-set"));
}

static struct kunit_case bar_cases[] = {
	KUNIT_CASE(bar_types),
	KUNIT_CASE(bar_not_to_be_touched),
	KUNIT_CASE(bar_static_mapping),
	KUNIT_CASE(bar_lent),
	KUNIT_CASE(bar_lent_words),
	KUNIT_CASE(bar_named_words),
	KUNIT_CASE(bar_words_of_two_sets),
	KUNIT_CASE(bar_words_interleaved),
	KUNIT_CASE(bar_taken),
	KUNIT_CASE(bar_same_layout),
	KUNIT_CASE(bar_restore_fails),
	KUNIT_CASE(bar_restore_fails_at_free),
	KUNIT_CASE(bar_scratch_static_mapping),
	KUNIT_CASE(bar_shown_in_debugfs),
	{}
};

static struct kunit_suite bar_suite = {
	.name = "pci-ep-doorbell-bar",
	.init = bar_init,
	.test_cases = bar_cases,
};

kunit_test_suites(&bar_suite);

MODULE_LICENSE("GPL");
