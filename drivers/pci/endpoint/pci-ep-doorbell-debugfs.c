// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: what users see in debugfs
 *
 * pci-ep-doorbell/sets: the sets and where their doorbells are, or what they
 * wait for.
 * pci-ep-doorbell/requests: the last requests, what became of them, and why
 * each backend was refused.
 */

#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/pci-epc.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>

#include "pci-ep-doorbell-internal.h"

/* How many requests are remembered */
#define DB_RECORDS	16

struct db_record {
	char	text[1024];
	char	result[128];
};

/* Under the core's mutex */
static struct db_record db_records[DB_RECORDS];
static unsigned int db_nr_records;

/* Of the request that is under way; kept when it has a result */
static DECLARE_SEQ_BUF(db_seq, sizeof_field(struct db_record, text));

static const char * const db_kind_names[] = {
	[PCI_EP_DB_KICK]	= "kick",
	[PCI_EP_DB_VALUE]	= "value",
	[PCI_EP_DB_MAILBOX]	= "mailbox",
};

/*
 * A request: the refusals that follow belong to it. One that a pending set makes
 * again has no result as long as it waits, and leaves no record.
 */
void pci_ep_db_record_request(const struct pci_epf *epf,
			      const struct pci_ep_db_request *req)
{
	seq_buf_clear(&db_seq);
	seq_buf_printf(&db_seq,
		       "request %u epf %s controller %s name %s kind %s count %u\n",
		       db_nr_records + 1, dev_name(&epf->dev),
		       dev_name(&epf->epc->dev), req->name,
		       db_kind_names[req->kind], req->count);
}

void pci_ep_db_record_refusal(const char *backend, const char *fmt, ...)
{
	va_list args;

	seq_buf_printf(&db_seq, "  %s: ", backend);
	va_start(args, fmt);
	seq_buf_vprintf(&db_seq, fmt, args);
	va_end(args);
	seq_buf_putc(&db_seq, '\n');
}

void pci_ep_db_record_result(const struct pci_ep_db_set_priv *set, int err)
{
	struct db_record *record = &db_records[db_nr_records++ % DB_RECORDS];

	strscpy(record->text, seq_buf_str(&db_seq));
	if (err == -EPROBE_DEFER)
		strscpy(record->result, "  result: pending\n");
	else if (err)
		scnprintf(record->result, sizeof(record->result),
			  "  result: none, %pe\n", ERR_PTR(err));
	else
		scnprintf(record->result, sizeof(record->result),
			  "  result: %s, %u doorbells at BAR%d+0x%x%s\n",
			  set->pub.backend->name, set->pub.count, set->layout.bar,
			  pci_ep_db_layout_offset(&set->layout, set->pub.target, 0),
			  set->caps & PCI_EP_DB_ISOLATED ? "" : ", not isolated");
}

static int requests_show(struct seq_file *s, void *unused)
{
	unsigned int i;

	guard(mutex)(&pci_ep_db_mutex);

	i = db_nr_records > DB_RECORDS ? db_nr_records - DB_RECORDS : 0;
	for (; i < db_nr_records; i++) {
		const struct db_record *record = &db_records[i % DB_RECORDS];

		seq_printf(s, "%s%s", record->text, record->result);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(requests);

static void db_show_set(struct seq_file *s, struct pci_ep_db_set_priv *set)
{
	const struct pci_ep_db_backend *backend = set->pub.backend;
	unsigned int i;

	seq_printf(s, "set %u epf %s name %s kind %s ", set->id,
		   dev_name(&set->pub.epf->dev), set->pub.req.name,
		   db_kind_names[set->pub.req.kind]);
	if (set->state == PCI_EP_DB_PENDING) {
		seq_printf(s, "pending: %s\n", set->offer.reason);
		return;
	}

	seq_printf(s, "count %u backend %s%s%s%s%s\n", set->pub.count,
		   backend ? backend->name : set->pub.count ? "gone" : "none",
		   set->caps & PCI_EP_DB_DISTINCT ? " distinct" : "",
		   set->caps & PCI_EP_DB_EXACT ? " exact" : "",
		   set->caps & PCI_EP_DB_ISOLATED ? " isolated" : "",
		   set->caps & PCI_EP_DB_ISOLATED ? "" : " shows-other-registers");

	for (i = 0; i < set->pub.count; i++)
		seq_printf(s, "  doorbell %u BAR%d+0x%x data 0x%x %s rings %lu\n",
			   i, set->layout.bar,
			   pci_ep_db_layout_offset(&set->layout, set->pub.target, i),
			   set->pub.target[i].data,
			   test_bit(i, set->enabled) ? "enabled" : "disabled",
			   READ_ONCE(set->bell[i].rings));
}

static int sets_show(struct seq_file *s, void *unused)
{
	struct pci_ep_db_set_priv *set;

	guard(mutex)(&pci_ep_db_mutex);

	list_for_each_entry(set, &pci_ep_db_sets, node)
		db_show_set(s, set);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sets);

static int __init db_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("pci-ep-doorbell", NULL);

	debugfs_create_file("sets", 0444, dir, NULL, &sets_fops);
	debugfs_create_file("requests", 0444, dir, NULL, &requests_fops);

	return 0;
}
subsys_initcall(db_debugfs_init);
