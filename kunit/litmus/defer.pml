// SPDX-License-Identifier: GPL-2.0
/*
 * What is put off is delivered: db_defer() and db_timer() of
 * pci-ep-doorbell-deliver.c.
 *
 * A ring of a set that is throttled sets the bit in pending and then looks whether
 * the timer is queued; the timer is no longer queued when its function begins,
 * which then looks at pending. How stores are modelled: see ring.pml.
 */

/* smp_mb__after_atomic() in pci_ep_db_ring() */
#ifdef NO_BARRIER_RING
#define BARRIER_RING	skip
#else
#define BARRIER_RING	empty(to_pending)
#endif

/* smp_mb() in db_timer() */
#ifdef NO_BARRIER_TIMER
#define BARRIER_TIMER	skip
#else
#define BARRIER_TIMER	empty(to_queued)
#endif

bit pending;
/* By an earlier ring */
bit queued = 1;
chan to_pending = [1] of { bit };
chan to_queued = [1] of { bit };

active proctype ringer()
{
	to_pending!1;
	BARRIER_RING;
	if
	:: queued
	:: !queued -> queued = 1
	fi;
	/* Whether it is seen now or comes later, it is delivered. */
	empty(to_pending) && !pending
}

active proctype timer()
{
end:
	do
	:: empty(to_queued) && queued ->
		to_queued!0;
		BARRIER_TIMER;
		if
		:: pending -> pending = 0
		:: !pending
		fi
	od
}

active proctype memory()
{
end:
	do
	:: atomic { to_pending?pending }
	:: atomic { to_queued?queued }
	od
}
