/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual endpoint: what its tests share
 */
#ifndef _VEP_TEST_H
#define _VEP_TEST_H

#include <kunit/test.h>

#include "vep.h"

struct vep *vep_test_create(struct kunit *test, const char *board);
void vep_test_bar_window(struct vep *v, unsigned int win, unsigned int func,
			 unsigned int bar, u64 target);
long vep_test_stat(struct vep *v, enum vep_stat stat);

#endif /* _VEP_TEST_H */
