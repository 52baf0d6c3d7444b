// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: the doorbell register of the DMA engine
 *
 * What the driver of the endpoint controller says of it, and a ring at the worst
 * moment. No doorbell framework is needed: this is the same on unmodified Linux.
 */
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "vep.h"

/* Whoever waits longer for the other CPU waits in vain. */
#define VEP_RACE_US		(10 * USEC_PER_SEC)

/**
 * struct vep_race - a ring that comes while the one before is handled
 * @v: the endpoint
 * @db: the doorbell register
 * @work: the first ring
 * @first: the CPU that handles it, while another one rings
 * @told: how often the handler was called
 * @go_on: the handler need not wait any more
 */
struct vep_race {
	struct vep *v;
	struct pci_epc_aux_resource db;
	struct work_struct work;
	unsigned int first;
	atomic_t told;
	bool go_on;
};

static u64 vep_doorbell_offset(const struct pci_epc_aux_resource *db)
{
	return db->phys_addr - VEP_REG_BASE - VEP_DMA_OFFSET;
}

/* The resources of the controller; their number or a negative errno */
static int vep_aux_resources(struct vep *v, struct pci_epc_aux_resource **res)
{
	int ret, count;

	*res = NULL;
	if (!v->epc)
		return -ENODEV;
	count = pci_epc_get_aux_resources_count(v->epc, 0, 0);
	if (count <= 0)
		return count;

	*res = kzalloc_objs(**res, count);
	if (!*res)
		return -ENOMEM;
	ret = pci_epc_get_aux_resources(v->epc, 0, 0, *res, count);

	return ret < 0 ? ret : count;
}

/**
 * vep_doorbell_show() - list the doorbell registers for a human
 * @v: the endpoint
 * @s: where to
 *
 * Context: process.
 */
void vep_doorbell_show(struct vep *v, struct seq_file *s)
{
	struct pci_epc_aux_resource *res __free(kfree) = NULL;
	int count = vep_aux_resources(v, &res);

	for (int i = 0; i < count; i++)
		if (res[i].type == PCI_EPC_AUX_DOORBELL_MMIO)
			seq_printf(s, "0x%llx irq %d\n",
				   vep_doorbell_offset(&res[i]),
				   res[i].u.db_mmio.irq);
}

static int vep_doorbell_find(struct vep *v, struct pci_epc_aux_resource *db)
{
	struct pci_epc_aux_resource *res __free(kfree) = NULL;
	int count = vep_aux_resources(v, &res);

	for (int i = 0; i < count; i++) {
		if (res[i].type == PCI_EPC_AUX_DOORBELL_MMIO) {
			*db = res[i];
			return 0;
		}
	}

	return count < 0 ? count : -ENODEV;
}

static void vep_race_ring(struct work_struct *work)
{
	struct vep_race *race = container_of(work, struct vep_race, work);

	vep_dma_write(race->v, vep_doorbell_offset(&race->db),
		      race->db.u.db_mmio.data);
}

/* The first one holds its CPU until the second ring has had its interrupt. */
static irqreturn_t vep_race_handler(int irq, void *data)
{
	struct vep_race *race = data;

	if (atomic_inc_return(&race->told) == 1)
		poll_timeout_us_atomic(barrier(), READ_ONCE(race->go_on), 1,
				       VEP_RACE_US, false);

	return IRQ_HANDLED;
}

/*
 * The lines fire on the CPU of the task that rings: once the source is found
 * deasserted by the second one, its interrupt is over.
 */
static long vep_race_run(void *data)
{
	struct vep_race *race = data;
	int ret;

	schedule_work_on(race->first, &race->work);
	ret = poll_timeout_us(barrier(), atomic_read(&race->told), 10,
			      VEP_RACE_US, false);
	if (!ret) {
		vep_race_ring(&race->work);
		ret = poll_timeout_us(barrier(), !READ_ONCE(race->v->dma_emul),
				      10, VEP_RACE_US, false);
	}
	WRITE_ONCE(race->go_on, true);
	flush_work(&race->work);

	return ret;
}

/**
 * vep_doorbell_race() - ring while another CPU handles the ring before
 * @v: the endpoint; its DMA engine has several lines, the others fire while one
 *	is masked because it is handled
 *
 * Context: process.
 * Return: how often the handler was called, 2 if no ring was lost; or a negative
 * errno.
 */
int vep_doorbell_race(struct vep *v)
{
	struct vep_race race = { .v = v, .first = cpumask_first(cpu_online_mask) };
	unsigned int second = cpumask_next(race.first, cpu_online_mask);
	int irq, ret;

	if (v->board->dma_lines < 2 || second >= nr_cpu_ids)
		return -EOPNOTSUPP;
	ret = vep_doorbell_find(v, &race.db);
	if (ret)
		return ret;

	irq = race.db.u.db_mmio.irq;
	ret = request_irq(irq, vep_race_handler, IRQF_SHARED, "vep", &race);
	if (ret)
		return ret;
	INIT_WORK_ONSTACK(&race.work, vep_race_ring);
	ret = work_on_cpu(second, vep_race_run, &race);
	destroy_work_on_stack(&race.work);
	/* All that the first ring's interrupt does, the second ring included */
	synchronize_irq(irq);
	free_irq(irq, &race);

	return ret ?: atomic_read(&race.told);
}
