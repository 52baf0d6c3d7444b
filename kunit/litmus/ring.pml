// SPDX-License-Identifier: GPL-2.0
/*
 * A ring is never lost: db_run() and db_take_ring() of pci-ep-doorbell-deliver.c.
 *
 * Two CPUs ring one doorbell. Each sets the bit in pending and then looks whether
 * the other one runs handlers; who runs them clears the bit, calls the handler,
 * stops running and then looks at pending again.
 *
 * A store waits in a buffer of its CPU and reaches memory some time later, in any
 * order with stores to other variables; a barrier waits for it. See scripts/litmus.
 */

/* mb() in db_take_ring() */
#ifdef NO_BARRIER_TAKE
#define BARRIER_TAKE	skip
#else
#define BARRIER_TAKE	empty(to_pending[me])
#endif

/* smp_mb__after_atomic() in db_run() */
#ifdef NO_BARRIER_RUN
#define BARRIER_RUN	skip
#else
#define BARRIER_RUN	empty(to_running[me])
#endif

/*
 * Between set_bit(pending) and the look at RUNNING: smp_mb__after_atomic() in
 * pci_ep_db_ring(), and test_and_set_bit() is a full barrier itself.
 */
#ifdef NO_BARRIER_RING
#define BARRIER_RING	true
#else
#define BARRIER_RING	empty(to_pending[me])
#endif

#define CPUS	2

bit pending, running;
chan to_pending[CPUS] = [1] of { bit };
chan to_running[CPUS] = [1] of { bit };

/* What the host wrote before it rang, and what the handler saw of it last */
bit data[CPUS], seen[CPUS];
byte done;

/* A CPU sees its own stores at once. */
inline read_pending(x)
{
	atomic {
		if
		:: to_pending[me]?[0] -> x = 0
		:: to_pending[me]?[1] -> x = 1
		:: empty(to_pending[me]) -> x = pending
		fi
	}
}

proctype cpu(byte me)
{
	bit work, other;

	data[me] = 1;
	to_pending[me]!1;
	do
	:: read_pending(work);
		if
		:: !work -> break
		:: else
		fi;
		atomic {
			BARRIER_RING && empty(to_running[me]) ->
				other = running;
				running = 1
		}
		if
		:: other -> break
		:: else
		fi;
		read_pending(work);
		if
		:: work ->
			to_pending[me]!0;
			BARRIER_TAKE;
			seen[0] = data[0];
			seen[1] = data[1]
		:: else
		fi;
		/* clear_bit_unlock() */
		to_running[me]!0;
		BARRIER_RUN
	od;
	done++
}

/* Stores reach memory. One that is a release waits for those before it. */
proctype memory(byte me)
{
end:
	do
	:: atomic { to_pending[me]?pending }
	:: atomic { empty(to_pending[me]) && nempty(to_running[me]) -> to_running[me]?running }
	od
}

init {
	atomic {
		run cpu(0);
		run cpu(1);
		run memory(0);
		run memory(1)
	}
	done == CPUS && empty(to_pending[0]) && empty(to_pending[1]) &&
		empty(to_running[0]) && empty(to_running[1]);
	assert(!pending && !running);
	assert(seen[0] && seen[1])
}
