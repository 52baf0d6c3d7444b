// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of what happens to BARs
 */

#include <kunit/test.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-fake.h"

#include "pci-ep-doorbell-layout.h"

struct bar_test {
	struct fake_epc		*fake;
	struct fake_log		*log;
	struct fake_backend	*bus;
	struct fake_backend	*other;
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

/*
 * Parts of BARs: memory of the EPF around windows
 */

/* The granule of the controller, and what the EPF lends: two of them */
#define PART		SZ_4K
#define LENT_START	0x4000
#define LENT_SIZE	(2 * PART)

static int part_init(struct kunit *test)
{
	int ret = bar_init(test);
	struct bar_test *bt = test->priv;
	struct fake_epc *fake = bt->fake;

	fake->features.align = PART;
	fake->features.subrange_mapping = true;
	bt->other = fake_backend_create(fake, "other", PCI_EP_DB_FORM_BUS);
	bt->other->backend.type = PCI_EP_DB_MSI;
	bt->other->first_reg = fake_add_reg(fake, FAKE_MMIO + 0x10080, 1, 2);
	fake_add_reg(fake, FAKE_MMIO + 0x10080, 2, 3);
	fake_backend_register(bt->other);

	return ret;
}

/* Doorbells in a part of the EPF's memory, from the backend of a type */
static struct pci_ep_db_request part_request(struct bar_test *bt, enum pci_ep_db_type type)
{
	struct pci_ep_db_request req = fake_request(bt->log, PCI_EP_DB_KICK, 2, type);

	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	req.lend_offset = LENT_START;
	req.lend_size = LENT_SIZE;

	return req;
}

static struct pci_ep_db_set *part_alloc(struct kunit *test, enum pci_ep_db_type type)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, type);

	return fake_alloc(bt->fake, &req);
}

static u64 part_reaches(struct bar_test *bt, u32 offset)
{
	return fake_reaches(bt->fake, bt->fake->epf, FAKE_MEM_BAR, offset);
}

/* From @start to @end the BAR shows the EPF's memory. */
static void expect_memory(struct kunit *test, u32 start, u32 end)
{
	struct bar_test *bt = test->priv;
	const struct pci_epf_bar *bar = &bt->fake->epf->bar[FAKE_MEM_BAR];
	u32 offset, last = end - sizeof(u32);

	for (offset = start; offset < end; offset += SZ_256)
		KUNIT_EXPECT_EQ(test, bar->phys_addr + offset, part_reaches(bt, offset));
	KUNIT_EXPECT_EQ(test, bar->phys_addr + last, part_reaches(bt, last));

	/* The driver looks at the memory through what it kept, for the MSI-X table. */
	KUNIT_ASSERT_NOT_NULL(test, bt->fake->window[0][FAKE_MEM_BAR].kept);
	KUNIT_EXPECT_PTR_EQ(test, bar->addr, bt->fake->window[0][FAKE_MEM_BAR].kept->addr);
}

/* At @offset the BAR shows the granule around a register, all of it and no more. */
static void expect_window(struct kunit *test, u32 offset, const struct fake_backend *fb)
{
	struct bar_test *bt = test->priv;
	u64 base = round_down(bt->fake->reg[fb->first_reg].addr, PART);

	KUNIT_EXPECT_EQ(test, base, part_reaches(bt, offset));
	KUNIT_EXPECT_EQ(test, base + PART - 4, part_reaches(bt, offset + PART - 4));
}

static void expect_offset(struct kunit *test, const struct pci_ep_db_set *set, u32 offset)
{
	struct pci_ep_db_location loc;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 0, &loc));
	KUNIT_EXPECT_EQ(test, FAKE_MEM_BAR, loc.bar);
	KUNIT_EXPECT_EQ(test, offset, loc.offset);
}

/* What is not lent is as it was for the host and the EPF, the MSI-X table included. */
static void part_lent(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	__le32 *memory = bt->fake->epf->bar[FAKE_MEM_BAR].addr;
	struct pci_ep_db_set *set = part_alloc(test, PCI_EP_DB_CONTROLLER);

	expect_offset(test, set, LENT_START + 0x40);
	expect_window(test, LENT_START, bt->bus);
	expect_memory(test, 0, LENT_START);
	expect_memory(test, LENT_START + PART, FAKE_MEM_SIZE);
	expect_ring(test, set);
	KUNIT_EXPECT_EQ(test, 0, fake_host_write(bt->fake, set->epf, FAKE_MEM_BAR,
						 LENT_START - 4, 77));
	KUNIT_EXPECT_EQ(test, 77, le32_to_cpu(memory[LENT_START / 4 - 1]));
	KUNIT_EXPECT_EQ(test, 0, le32_to_cpu(memory[LENT_START / 4 + 0x10]));
	KUNIT_EXPECT_MEMEQ(test, bt->fake->epf->bar, bt->before.bar, sizeof(bt->before.bar));

	fake_free(bt->fake, set);
	fake_expect_as_before(bt->fake, &bt->before);
	KUNIT_EXPECT_EQ(test, 0, bt->fake->clear_bars);
}

/* At an offset that the host's driver fixes, or nowhere */
static void part_named(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *set;

	req.offset = LENT_START + PART + 0x40;
	set = fake_alloc(bt->fake, &req);
	expect_offset(test, set, req.offset);
	expect_window(test, LENT_START + PART, bt->bus);
	expect_memory(test, 0, LENT_START + PART);
	expect_ring(test, set);
	fake_free(bt->fake, set);

	req.offset = LENT_START + 0x44;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &req));
	req.offset = LENT_START + LENT_SIZE + 0x40;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &req));
	fake_expect_as_before(bt->fake, &bt->before);
}

/* A part shows less than the whole: of a BAR that is lent, where that is wanted */
static void part_isolated(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *set;

	bt->bus->clear_size = PART;
	req.lend_offset = 0;
	req.lend_size = 0;
	set = fake_alloc(bt->fake, &req);
	KUNIT_EXPECT_FALSE(test, pci_ep_db_caps(set) & PCI_EP_DB_ISOLATED);
	KUNIT_EXPECT_EQ(test, FAKE_MMIO + FAKE_MEM_SIZE - 4, part_reaches(bt, FAKE_MEM_SIZE - 4));
	fake_free(bt->fake, set);

	req.prefer = PCI_EP_DB_ISOLATED;
	set = fake_alloc(bt->fake, &req);
	KUNIT_EXPECT_TRUE(test, pci_ep_db_caps(set) & PCI_EP_DB_ISOLATED);
	expect_window(test, 0, bt->bus);
	expect_memory(test, PART, FAKE_MEM_SIZE);
	fake_free(bt->fake, set);
	fake_expect_as_before(bt->fake, &bt->before);
}

/* What is preferred cannot be had now: the whole BAR can. */
static void part_whole_instead(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *set;

	bt->bus->clear_size = PART;
	bt->fake->unassigned = true;
	req.lend_offset = 0;
	req.lend_size = 0;
	req.prefer = PCI_EP_DB_ISOLATED;
	set = fake_alloc(bt->fake, &req);
	KUNIT_EXPECT_FALSE(test, pci_ep_db_caps(set) & PCI_EP_DB_ISOLATED);
	expect_ring(test, set);
	fake_free(bt->fake, set);
	fake_expect_as_before(bt->fake, &bt->before);
}

/* Two sets side by side; either may go first. */
static void part_two_sets(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_set *set[2];
	unsigned int i, first;

	for (first = 0; first < 2; first++) {
		set[0] = part_alloc(test, PCI_EP_DB_CONTROLLER);
		set[1] = part_alloc(test, PCI_EP_DB_MSI);
		expect_window(test, LENT_START, bt->bus);
		expect_window(test, LENT_START + PART, bt->other);
		expect_memory(test, 0, LENT_START);
		expect_memory(test, LENT_START + LENT_SIZE, FAKE_MEM_SIZE);
		for (i = 0; i < 2; i++)
			expect_ring(test, set[i]);

		fake_free(bt->fake, set[first]);
		expect_window(test, LENT_START + PART * !first, first ? bt->bus : bt->other);
		expect_memory(test, LENT_START + PART * first, LENT_START + PART * (first + 1));
		expect_memory(test, 0, LENT_START);
		expect_memory(test, LENT_START + LENT_SIZE, FAKE_MEM_SIZE);
		expect_ring(test, set[!first]);

		fake_free(bt->fake, set[!first]);
		fake_expect_as_before(bt->fake, &bt->before);
	}
	KUNIT_EXPECT_EQ(test, 0, bt->fake->clear_bars);
}

/* What two requests lend need not touch; the order of offsets is not that of requests. */
static void part_two_parts(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *set = part_alloc(test, PCI_EP_DB_MSI);

	req.lend_offset = 0;
	req.lend_size = PART;
	fake_alloc(bt->fake, &req);
	expect_window(test, 0, bt->bus);
	expect_memory(test, PART, LENT_START);
	expect_window(test, LENT_START, bt->other);
	expect_memory(test, LENT_START + PART, FAKE_MEM_SIZE);
	expect_ring(test, set);
}

/* NVMe one day: CC at 0x14, doorbells of two kinds, and memory behind them */
static void part_and_words(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request named = word_request(bt), lent;
	struct pci_ep_db_set *set[3];
	unsigned int i, first;

	named.bar = FAKE_MEM_BAR;
	named.offset = 0x14;
	for (first = 0; first < 3; first++) {
		set[0] = fake_alloc(bt->fake, &named);
		lent = part_request(bt, PCI_EP_DB_POLL);
		lent.kind = PCI_EP_DB_MAILBOX;
		set[1] = fake_alloc(bt->fake, &lent);
		expect_offset(test, set[1], LENT_START);
		set[2] = part_alloc(test, PCI_EP_DB_CONTROLLER);
		expect_window(test, LENT_START + PART, bt->bus);
		expect_memory(test, 0, LENT_START + PART);
		for (i = 0; i < 3; i++)
			expect_ring(test, set[i]);
		/* Words that the window took out of the memory */
		lent.offset = LENT_START + PART + 0x40;
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &lent));

		for (i = first; i < first + 3; i++) {
			expect_ring(test, set[i % 3]);
			fake_free(bt->fake, set[i % 3]);
		}
		fake_expect_as_before(bt->fake, &bt->before);
	}
}

/* A mapping that fails: everything is where it was, for those who were there before. */
static void part_fails(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, PCI_EP_DB_MSI);
	struct pci_ep_db_set *set = part_alloc(test, PCI_EP_DB_CONTROLLER);
	unsigned int requested = fake_requested(bt->fake);

	bt->fake->fail_set_bar = BIT(0);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &req));
	KUNIT_EXPECT_EQ(test, requested, fake_requested(bt->fake));
	KUNIT_EXPECT_EQ(test, bt->before.allocs, atomic_read(&bt->fake->allocs));
	expect_window(test, LENT_START, bt->bus);
	expect_memory(test, 0, LENT_START);
	expect_memory(test, LENT_START + PART, FAKE_MEM_SIZE);
	expect_ring(test, set);
	KUNIT_EXPECT_FALSE(test, fake_logged(bt->fake->epf, "BAR0: "));

	/* And the next one finds room. */
	set = fake_alloc(bt->fake, &req);
	expect_window(test, LENT_START + PART, bt->other);
}

/* What was there cannot be mapped again: nothing is shown, and that is said. */
static void part_restore_fails(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, PCI_EP_DB_MSI);
	struct pci_ep_db_set *set = part_alloc(test, PCI_EP_DB_CONTROLLER);
	struct pci_epf *epf = bt->fake->epf;

	bt->fake->fail_set_bar = BIT(0) | BIT(1);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_logged(epf, "BAR0: cleared"));
	KUNIT_EXPECT_EQ(test, 1, bt->fake->clear_bars);
	KUNIT_EXPECT_EQ(test, FAKE_NOWHERE, part_reaches(bt, 0));
	KUNIT_EXPECT_EQ(test, FAKE_NOWHERE, part_reaches(bt, LENT_START));

	/* While somebody has doorbells in it, it is of no use to others. */
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "other", "no place in a BAR"));
	fake_free(bt->fake, set);
	KUNIT_EXPECT_EQ(test, 1, bt->fake->clear_bars);
	KUNIT_EXPECT_EQ(test, FAKE_NOWHERE, part_reaches(bt, 0));

	KUNIT_EXPECT_EQ(test, 0, pci_epc_set_bar(bt->fake->epc, 0, 0, &epf->bar[FAKE_MEM_BAR]));
	set = fake_alloc(bt->fake, &req);
	expect_window(test, LENT_START, bt->other);
}

/*
 * The target goes when free returns, and so does the window. If the others' cannot
 * stay without it, they go as well, but the EPF's memory stays.
 */
static void part_free_fails(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_set *one = part_alloc(test, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *two = part_alloc(test, PCI_EP_DB_MSI);

	bt->fake->fail_set_bar = BIT(0);
	fake_free(bt->fake, one);
	expect_memory(test, 0, FAKE_MEM_SIZE);
	KUNIT_EXPECT_TRUE(test, fake_logged(bt->fake->epf, "BAR0: memory again"));

	/* They are back with the next change. */
	one = part_alloc(test, PCI_EP_DB_CONTROLLER);
	expect_window(test, LENT_START, bt->bus);
	expect_window(test, LENT_START + PART, bt->other);
	expect_ring(test, two);

	bt->fake->fail_set_bar = BIT(0) | BIT(1);
	fake_free(bt->fake, one);
	KUNIT_EXPECT_EQ(test, 1, bt->fake->clear_bars);
	KUNIT_EXPECT_EQ(test, FAKE_NOWHERE, part_reaches(bt, 0));
	fake_free(bt->fake, two);
	KUNIT_EXPECT_EQ(test, 1, bt->fake->clear_bars);
}

/* A backend goes: late rings reach memory that nobody reads, the others are not disturbed. */
static void part_backend_gone(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_set *one = part_alloc(test, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *two = part_alloc(test, PCI_EP_DB_MSI);
	u64 memory = bt->fake->epf->bar[FAKE_MEM_BAR].phys_addr, scratch;

	fake_backend_unregister(bt->bus);
	scratch = part_reaches(bt, LENT_START);
	KUNIT_EXPECT_LT(test, scratch, FAKE_MMIO);
	KUNIT_EXPECT_FALSE(test, scratch >= memory && scratch < memory + FAKE_MEM_SIZE);
	KUNIT_EXPECT_EQ(test, scratch + PART - 4, part_reaches(bt, LENT_START + PART - 4));
	KUNIT_EXPECT_EQ(test, bt->before.allocs + 1, atomic_read(&bt->fake->allocs));
	KUNIT_EXPECT_EQ(test, 0, fake_host_write(bt->fake, bt->fake->epf, FAKE_MEM_BAR,
						 LENT_START + 0x40, 1));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&bt->fake->reg[bt->bus->first_reg].writes));

	expect_window(test, LENT_START + PART, bt->other);
	expect_memory(test, 0, LENT_START);
	expect_memory(test, LENT_START + LENT_SIZE, FAKE_MEM_SIZE);
	expect_ring(test, two);
	fake_free(bt->fake, one);
	expect_memory(test, 0, LENT_START + PART);
	fake_free(bt->fake, two);
	fake_expect_as_before(bt->fake, &bt->before);
	KUNIT_EXPECT_EQ(test, 0, bt->fake->clear_bars);
}

/* Without memory for that they reach what the EPF does without. */
static void part_backend_gone_without_memory(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_set *one = part_alloc(test, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *two = part_alloc(test, PCI_EP_DB_MSI);

	bt->fake->fail_alloc = true;
	fake_backend_unregister(bt->bus);
	expect_memory(test, 0, LENT_START + PART);
	expect_window(test, LENT_START + PART, bt->other);
	expect_ring(test, two);
	fake_free(bt->fake, one);
	fake_free(bt->fake, two);
	fake_expect_as_before(bt->fake, &bt->before);
}

/* The next backend, with words in the part that is lent, while nothing else changes */
static void expect_words_instead(struct kunit *test, const char *why)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *set;

	req.num_types = 2;
	req.types[1] = PCI_EP_DB_POLL;
	set = fake_alloc(bt->fake, &req);
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "bus", why));
	KUNIT_EXPECT_STREQ(test, "memory", set->backend->name);
	expect_offset(test, set, LENT_START);
	expect_memory(test, 0, FAKE_MEM_SIZE);
	expect_ring(test, set);
	KUNIT_EXPECT_FALSE(test, fake_logged(bt->fake->epf, "BAR0: "));
	fake_free(bt->fake, set);
	fake_expect_as_before(bt->fake, &bt->before);
}

static void part_windows_run_out(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_set *set;

	bt->fake->windows = 2;
	expect_words_instead(test, "a part of the BAR, which the host must have assigned: -ENOSPC");

	/* Memory, window, memory */
	bt->fake->windows = 3;
	set = part_alloc(test, PCI_EP_DB_CONTROLLER);
	expect_ring(test, set);
}

static void part_unassigned(struct kunit *test)
{
	struct bar_test *bt = test->priv;

	bt->fake->unassigned = true;
	expect_words_instead(test, "a part of the BAR, which the host must have assigned: -EINVAL");
}

/* The controller cannot map parts, not these, or not of this memory. */
static void part_impossible(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_epf_bar *bar = &bt->fake->epf->bar[FAKE_MEM_BAR];

	bt->fake->features.subrange_mapping = false;
	expect_words_instead(test, "no place in a BAR");
	bt->fake->features.subrange_mapping = true;
	bt->fake->features.align = 0;
	expect_words_instead(test, "no place in a BAR");
	bt->fake->features.align = SZ_16K;
	expect_words_instead(test, "no place in a BAR");
	bt->fake->features.align = PART;
	bt->fake->features.dynamic_inbound_mapping = false;
	expect_words_instead(test, "no place in a BAR");
	KUNIT_EXPECT_EQ(test, 1, bt->fake->set_bars);
	KUNIT_EXPECT_MEMEQ(test, bar, &bt->before.bar[FAKE_MEM_BAR], sizeof(*bar));
}

/* A BAR that the EPF itself cut into parts: what is where, only the EPF knows. */
static void part_of_epf(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_epf_bar *bar = &bt->fake->epf->bar[FAKE_MEM_BAR];
	struct pci_epf_bar_submap parts[] = {
		{ .phys_addr = bar->phys_addr + SZ_32K, .size = SZ_32K },
		{ .phys_addr = bar->phys_addr, .size = SZ_32K },
	};
	struct pci_ep_db_request bus = part_request(bt, PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_request word = part_request(bt, PCI_EP_DB_POLL);

	bar->submap = parts;
	bar->num_submap = ARRAY_SIZE(parts);
	KUNIT_ASSERT_EQ(test, 0, pci_epc_set_bar(bt->fake->epc, 0, 0, bar));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &bus));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &word));
	word.offset = 0x14;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &word));

	bar->submap = NULL;
	bar->num_submap = 0;
	KUNIT_ASSERT_EQ(test, 0, pci_epc_set_bar(bt->fake->epc, 0, 0, bar));
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(bt->fake, &bus));
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(bt->fake, &word));
}

static void part_beyond(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = part_request(bt, PCI_EP_DB_CONTROLLER);

	req.lend_offset = FAKE_MEM_SIZE - PART;
	KUNIT_EXPECT_EQ(test, -EINVAL, fake_alloc_fails(bt->fake, &req));
	KUNIT_EXPECT_EQ(test, 0, bt->bus->queries);
	req.lend_size = PART;
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(bt->fake, &req));
	/* A BAR that is not set has nothing to lend, and nothing to exceed. */
	req.bar = NO_BAR;
	req.lend = BIT(BAR_2);
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(bt->fake, &req));
	fake_expect_as_before(bt->fake, &bt->before);
}

static void part_too_many_sets(struct kunit *test)
{
	struct bar_test *bt = test->priv;
	struct pci_ep_db_request req = word_request(bt);
	unsigned int i;

	req.bar = FAKE_MEM_BAR;
	for (i = 0; i <= PCI_EP_DB_MAX_USED; i++) {
		req.offset = 8 * i;
		fake_alloc(bt->fake, &req);
	}
	req.offset = 8 * i;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(bt->fake, &req));
}

static struct kunit_case part_cases[] = {
	KUNIT_CASE(part_lent),
	KUNIT_CASE(part_named),
	KUNIT_CASE(part_isolated),
	KUNIT_CASE(part_whole_instead),
	KUNIT_CASE(part_two_sets),
	KUNIT_CASE(part_two_parts),
	KUNIT_CASE(part_and_words),
	KUNIT_CASE(part_fails),
	KUNIT_CASE(part_restore_fails),
	KUNIT_CASE(part_free_fails),
	KUNIT_CASE(part_backend_gone),
	KUNIT_CASE(part_backend_gone_without_memory),
	KUNIT_CASE(part_windows_run_out),
	KUNIT_CASE(part_unassigned),
	KUNIT_CASE(part_impossible),
	KUNIT_CASE(part_of_epf),
	KUNIT_CASE(part_beyond),
	KUNIT_CASE(part_too_many_sets),
	{}
};

static struct kunit_suite part_suite = {
	.name = "pci-ep-doorbell-part",
	.init = part_init,
	.test_cases = part_cases,
};

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

kunit_test_suites(&bar_suite, &part_suite);

MODULE_LICENSE("GPL");
