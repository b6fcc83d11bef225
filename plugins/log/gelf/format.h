/*
 * format.h: messages of GELF 1.1 and their chunks.
 */
#ifndef HULL_GELF_FORMAT_H
#define HULL_GELF_FORMAT_H

#include "log_forward.h"

#define GELF_CHUNK_SIZE 1420
#define GELF_CHUNK_DATA (GELF_CHUNK_SIZE - 12)
#define GELF_CHUNKS_MAX 128

enum gelf_compression { GELF_GZIP, GELF_ZLIB, GELF_NONE };

/* One message as JSON. */
void gelf_message(struct hull_text *out, const struct log_target *target,
                  const struct log_record *record);
/* DATA compressed, into the arena of OUT. */
void gelf_compress(struct hull_text *out, enum gelf_compression kind, int level, const char *data,
                   size_t size);
/* How many datagrams SIZE bytes are; more than GELF_CHUNKS_MAX can't be sent. */
size_t gelf_chunks(size_t size);
/* Chunk I of COUNT into BUFFER; ID is the message's. Returns its size. */
size_t gelf_chunk(char buffer[GELF_CHUNK_SIZE], const char id[8], size_t i, size_t count,
                  const char *data, size_t size);

#endif
