// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: a client of both ends of a virtual NTB, see vep-bench-core.c
 */
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/ntb.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "vep-bench.h"

static char *bench_endpoint;
module_param_named(endpoint, bench_endpoint, charp, 0444);
MODULE_PARM_DESC(endpoint, "name of the PCI device of the endpoint's NTB device");

static char *bench_host;
module_param_named(host, bench_host, charp, 0444);
MODULE_PARM_DESC(host, "name of the PCI device of the host's NTB device");

static DEFINE_MUTEX(bench_host_lock); /* protects bench_host_ntb */
static struct ntb_dev *bench_host_ntb;
static struct bench_meter bench_ntb_meter;

static int bench_ntb_ring(void *unused)
{
	guard(mutex)(&bench_host_lock);

	return bench_host_ntb ? ntb_peer_db_set(bench_host_ntb, BIT_ULL(0)) :
				-ENODEV;
}

static void bench_ntb_event(void *ctx, int vec)
{
	if (!vec)
		bench_handled(&bench_ntb_meter);
}

static const struct ntb_ctx_ops bench_ntb_ctx_ops = {
	.db_event = bench_ntb_event,
};

static int bench_ntb_probe(struct ntb_client *client, struct ntb_dev *ntb)
{
	if (bench_endpoint && !strcmp(bench_endpoint, pci_name(ntb->pdev)))
		return ntb_set_ctx(ntb, ntb, &bench_ntb_ctx_ops);
	if (!bench_host || strcmp(bench_host, pci_name(ntb->pdev)))
		return -ENODEV;

	guard(mutex)(&bench_host_lock);
	bench_host_ntb = ntb;

	return 0;
}

static void bench_ntb_remove(struct ntb_client *client, struct ntb_dev *ntb)
{
	guard(mutex)(&bench_host_lock);

	if (ntb == bench_host_ntb)
		bench_host_ntb = NULL;
	else
		ntb_clear_ctx(ntb);
}

static struct ntb_client bench_ntb_client = {
	.ops = {
		.probe = bench_ntb_probe,
		.remove = bench_ntb_remove,
	},
};

int bench_ntb_init(void)
{
	bench_init_meter(&bench_ntb_meter, bench_ntb_ring, NULL, NULL);
	bench_create_file("ntb", &bench_ntb_meter, bench_dir);

	return ntb_register_client(&bench_ntb_client);
}

void bench_ntb_exit(void)
{
	ntb_unregister_client(&bench_ntb_client);
	bench_free_meter(&bench_ntb_meter);
}
