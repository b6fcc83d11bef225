/*
 * format.h: the forward protocol of fluentd: MessagePack.
 */
#ifndef HULL_FLUENTD_FORMAT_H
#define HULL_FLUENTD_FORMAT_H

#include "log_forward.h"

void msgpack_array(struct hull_text *out, uint8_t count);
void msgpack_map(struct hull_text *out, uint32_t count);
void msgpack_string(struct hull_text *out, const char *text, size_t length);
void msgpack_uint(struct hull_text *out, uint32_t value);
/* fluentd's time with nanoseconds. */
void msgpack_event_time(struct hull_text *out, int64_t time_ns);

/* [tag, time, {…}, {}] */
void fluentd_message(struct hull_text *out, const struct log_start_request *request,
                     bool sub_second, const struct log_record *record);

#endif
