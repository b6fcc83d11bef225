/*
 * create.h: the handlers, by file.
 */
#ifndef RUNTIME_NATIVE_CREATE_H
#define RUNTIME_NATIVE_CREATE_H

#include "native.h"

/* create.c */
runtime_create_handler native_create;
runtime_exec_handler native_exec;
runtime_start_handler native_start;

/* manage.c */
runtime_attach_handler native_attach;
runtime_kill_handler native_kill;
runtime_keep_handler native_keep;
runtime_kept_handler native_kept;
runtime_wait_handler native_wait;
runtime_resize_handler native_resize;
runtime_pause_handler native_pause;
runtime_resume_handler native_resume;
runtime_delete_handler native_delete;
runtime_adopt_handler native_adopt;

/* Take away all of CTR, which is freed. Yields. */
int ctr_delete(struct hull_call *call, struct ctr *ctr) HULL_CHECKED;
/* The same for one of its processes. Yields. */
int ctr_delete_process(struct hull_call *call, struct ctr *ctr, struct process *process)
    HULL_CHECKED;

#endif
