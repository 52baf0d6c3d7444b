// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: a function whose doorbells are measured
 *
 * Two BARs are memory with a set of doorbells in each page, of the kind
 * PCI_EP_DB_VALUE as NVMe has them. Who rings writes to that memory: what the
 * host's side of the model costs is not measured. In vep-bench/ of debugfs,
 * besides what vep-bench-core.c says:
 *
 *   sets	'SETS COUNT LIVE': so many sets of COUNT doorbells, LIVE of
 *		which are enabled, with the same distance between them
 *   scan	'poll' and 'read' lines: ns to look for rings in the first set,
 *		and to read and compare each of its words, live or not
 *   spin	as ring, but a thread watches the word and does nothing else
 *   alloc	ns to allocate a set of 32, to enable it, and to free it again
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "vep-bench.h"

#define BENCH_SETS	16
#define BENCH_BARS	2
/* As many as one BAR can have */
#define BENCH_BAR_SETS	(BENCH_SETS / BENCH_BARS)
#define BENCH_MAX_COUNT	256
#define BENCH_SET_SIZE	SZ_4K

/* Scans are timed so many at once, and so often */
#define BENCH_BATCH	100
#define BENCH_BATCHES	50

#define BENCH_ALLOC_COUNT	32
#define BENCH_ALLOCS		50

/**
 * struct bench - the function
 * @epf: the function
 * @lock: protects @set, @sets, @count
 * @memory: the BARs
 * @set: the sets
 * @sets: how many
 * @count: doorbells of each
 * @known: what the words of the first set hold, for comparison
 * @rings: from the word to the handler
 * @spins: from the word to a thread that does nothing else
 * @dir: the folder in debugfs
 */
struct bench {
	struct pci_epf		*epf;
	struct mutex		lock; /* protects set, sets, count */
	__le32			*memory[BENCH_BARS];
	struct pci_ep_db_set	*set[BENCH_SETS];
	unsigned int		sets;
	unsigned int		count;
	u32			known[BENCH_MAX_COUNT];
	struct bench_meter	rings;
	struct bench_meter	spins;
	struct dentry		*dir;
};

static const enum pci_barno bench_bar[BENCH_BARS] = { BAR_0, BAR_2 };

static struct pci_epf_header bench_header = {
	.vendorid	= PCI_ANY_ID,
	.deviceid	= PCI_ANY_ID,
	.baseclass_code	= PCI_CLASS_OTHERS,
};

static enum pci_ep_db_return bench_rung(struct pci_ep_db_set *set,
					unsigned int index, u32 value,
					void *priv)
{
	struct bench *bench = priv;

	bench_handled(&bench->rings);

	return PCI_EP_DB_DONE;
}

/* What a host does to the first doorbell */
static int bench_ring(void *priv)
{
	struct bench *bench = priv;

	WRITE_ONCE(bench->memory[0][0],
		   cpu_to_le32(le32_to_cpu(bench->memory[0][0]) + 1));

	return 0;
}

static int bench_spin(void *data)
{
	struct bench *bench = data;
	__le32 known = READ_ONCE(bench->memory[0][0]);

	bench_handled(&bench->spins);
	while (!kthread_should_stop()) {
		__le32 now = READ_ONCE(bench->memory[0][0]);

		if (now != known) {
			known = now;
			bench_handled(&bench->spins);
		}
		cpu_relax();
		if (need_resched())
			schedule();
	}

	return 0;
}

static void bench_free_sets(struct bench *bench)
{
	while (bench->sets)
		pci_ep_db_free(bench->set[--bench->sets]);
}

static struct pci_ep_db_set *bench_alloc(struct bench *bench, unsigned int n,
					 unsigned int count, unsigned int live)
{
	struct pci_ep_db_request req = {
		.name		= "bench",
		.kind		= PCI_EP_DB_VALUE,
		.count		= count,
		.num_types	= 1,
		.types		= { PCI_EP_DB_POLL },
		.bar		= bench_bar[n / BENCH_BAR_SETS],
		.offset		= n % BENCH_BAR_SETS * BENCH_SET_SIZE,
		.stride		= sizeof(__le32),
		.handler	= bench_rung,
		.priv		= bench,
	};
	struct pci_ep_db_set *set = pci_ep_db_alloc(bench->epf, &req);
	int ret = 0;

	if (IS_ERR(set))
		return set;

	for (unsigned int i = 0; i < live && !ret; i++)
		ret = pci_ep_db_enable_one(set, i * count / live);
	if (ret) {
		pci_ep_db_free(set);
		return ERR_PTR(ret);
	}

	return set;
}

static int bench_make_sets(struct bench *bench, unsigned int sets,
			   unsigned int count, unsigned int live)
{
	guard(mutex)(&bench->lock);

	bench_free_sets(bench);
	bench->count = count;
	while (bench->sets < sets) {
		struct pci_ep_db_set *set = bench_alloc(bench, bench->sets,
							count, live);

		if (IS_ERR(set)) {
			bench_free_sets(bench);
			return PTR_ERR(set);
		}
		bench->set[bench->sets++] = set;
	}

	return 0;
}

static ssize_t bench_sets_write(struct file *file, const char __user *ubuf,
				size_t size, loff_t *ppos)
{
	struct bench *bench = file_inode(file)->i_private;
	unsigned int sets, count, live;
	int ret;

	ret = bench_scan(ubuf, size, "%u %u %u", &sets, &count, &live);
	if (ret < 0)
		return ret;
	if (ret != 3 || sets > BENCH_SETS || count > BENCH_MAX_COUNT ||
	    live > count)
		return -EINVAL;
	ret = bench_make_sets(bench, sets, count, live);

	return ret ?: size;
}

static const struct file_operations bench_sets_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= bench_sets_write,
};

static bool bench_look(struct bench *bench)
{
	return pci_ep_db_poll(bench->set[0]);
}

/* One read each */
static bool bench_read(struct bench *bench)
{
	bool rung = false;

	for (unsigned int i = 0; i < bench->count; i++)
		if (le32_to_cpu(READ_ONCE(bench->memory[0][i])) !=
		    READ_ONCE(bench->known[i]))
			rung = true;

	return rung;
}

static void bench_batch(struct bench *bench, bool (*look)(struct bench *bench),
			const char *name, struct seq_file *s)
{
	u64 start, ns;

	scoped_guard(preempt) {
		start = ktime_get_ns();
		for (unsigned int i = 0; i < BENCH_BATCH; i++)
			look(bench);
		ns = ktime_get_ns() - start;
	}
	seq_printf(s, "%s %llu\n", name, ns / BENCH_BATCH);
	cond_resched();
}

static int bench_scan_show(struct seq_file *s, void *unused)
{
	struct bench *bench = s->private;

	guard(mutex)(&bench->lock);

	if (!bench->sets)
		return -ENODEV;

	for (unsigned int i = 0; i < bench->count; i++)
		bench->known[i] = le32_to_cpu(bench->memory[0][i]);
	for (unsigned int i = 0; i < BENCH_BATCHES; i++) {
		bench_batch(bench, bench_look, "poll", s);
		bench_batch(bench, bench_read, "read", s);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_scan);

static int bench_alloc_show(struct seq_file *s, void *unused)
{
	struct bench *bench = s->private;

	guard(mutex)(&bench->lock);

	bench_free_sets(bench);
	for (unsigned int i = 0; i < BENCH_ALLOCS; i++) {
		u64 start = ktime_get_ns();
		struct pci_ep_db_set *set = bench_alloc(bench, 0,
							BENCH_ALLOC_COUNT,
							BENCH_ALLOC_COUNT);

		if (IS_ERR(set))
			return PTR_ERR(set);
		pci_ep_db_free(set);
		seq_printf(s, "%llu\n", ktime_get_ns() - start);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_alloc);

static int bench_epc_init(struct pci_epf *epf)
{
	int ret = pci_epc_write_header(epf->epc, epf->func_no, epf->vfunc_no,
				       epf->header);

	for (unsigned int i = 0; i < BENCH_BARS && !ret; i++)
		ret = pci_epc_set_bar(epf->epc, epf->func_no, epf->vfunc_no,
				      &epf->bar[bench_bar[i]]);

	return ret;
}

static void bench_epc_deinit(struct pci_epf *epf)
{
	struct bench *bench = epf_get_drvdata(epf);

	scoped_guard(mutex, &bench->lock)
		bench_free_sets(bench);
	for (unsigned int i = 0; i < BENCH_BARS; i++)
		pci_epc_clear_bar(epf->epc, epf->func_no, epf->vfunc_no,
				  &epf->bar[bench_bar[i]]);
}

static const struct pci_epc_event_ops bench_event_ops = {
	.epc_init	= bench_epc_init,
	.epc_deinit	= bench_epc_deinit,
};

static void bench_free_memory(struct bench *bench)
{
	for (unsigned int i = 0; i < BENCH_BARS; i++) {
		pci_epf_free_space(bench->epf, bench->memory[i], bench_bar[i],
				   PRIMARY_INTERFACE);
		bench->memory[i] = NULL;
	}
}

static int bench_alloc_memory(struct bench *bench,
			      const struct pci_epc_features *features)
{
	for (unsigned int i = 0; i < BENCH_BARS; i++) {
		bench->memory[i] = pci_epf_alloc_space(bench->epf,
						       BENCH_BAR_SETS * BENCH_SET_SIZE,
						       bench_bar[i], features,
						       PRIMARY_INTERFACE);
		if (!bench->memory[i]) {
			bench_free_memory(bench);
			return -ENOMEM;
		}
	}

	return 0;
}

static int bench_bind(struct pci_epf *epf)
{
	const struct pci_epc_features *features =
		pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	struct bench *bench = epf_get_drvdata(epf);
	int ret;

	if (!features)
		return -EOPNOTSUPP;

	ret = bench_alloc_memory(bench, features);
	if (ret)
		return ret;

	bench->dir = debugfs_create_dir("epf", bench_dir);
	debugfs_create_file("sets", 0200, bench->dir, bench, &bench_sets_fops);
	debugfs_create_file("scan", 0400, bench->dir, bench, &bench_scan_fops);
	debugfs_create_file("alloc", 0400, bench->dir, bench,
			    &bench_alloc_fops);
	bench_create_file("spin", &bench->spins, bench->dir);
	bench_create_file("ring", &bench->rings, bench->dir);

	return 0;
}

static void bench_unbind(struct pci_epf *epf)
{
	struct bench *bench = epf_get_drvdata(epf);

	debugfs_remove(bench->dir);
	if (epf->epc->init_complete)
		bench_epc_deinit(epf);
	bench_free_memory(bench);
	bench_free_meter(&bench->rings);
	bench_free_meter(&bench->spins);
}

static const struct pci_epf_ops bench_ops = {
	.bind	= bench_bind,
	.unbind	= bench_unbind,
};

static int bench_probe(struct pci_epf *epf, const struct pci_epf_device_id *id)
{
	struct bench *bench = devm_kzalloc(&epf->dev, sizeof(*bench), GFP_KERNEL);

	if (!bench)
		return -ENOMEM;

	bench->epf = epf;
	mutex_init(&bench->lock);
	bench_init_meter(&bench->rings, bench_ring, NULL, bench);
	bench_init_meter(&bench->spins, bench_ring, bench_spin, bench);
	epf->header = &bench_header;
	epf->event_ops = &bench_event_ops;
	epf_set_drvdata(epf, bench);

	return 0;
}

static const struct pci_epf_device_id bench_ids[] = {
	{ .name = "vep_bench" },
	{ }
};

static struct pci_epf_driver bench_driver = {
	.driver.name	= "vep_bench",
	.probe		= bench_probe,
	.id_table	= bench_ids,
	.ops		= &bench_ops,
	.owner		= THIS_MODULE,
};

int bench_epf_init(void)
{
	return pci_epf_register_driver(&bench_driver);
}

void bench_epf_exit(void)
{
	pci_epf_unregister_driver(&bench_driver);
}
