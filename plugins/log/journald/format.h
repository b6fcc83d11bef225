/*
 * format.h: entries of the journal's native protocol.
 */
#ifndef HULL_JOURNALD_FORMAT_H
#define HULL_JOURNALD_FORMAT_H

#include "log_forward.h"

/* NAME=VALUE, or, when VALUE has a newline, NAME, its length and VALUE. */
void journal_field(struct hull_text *out, const char *name, const char *value, size_t length);
/* One entry. */
void journal_entry(struct hull_text *out, const struct log_start_request *request,
                   const struct log_record *record);

#endif
