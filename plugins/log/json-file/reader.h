/*
 * reader.h: what the files of log/json-file share.
 */
#ifndef HULL_JSON_FILE_READER_H
#define HULL_JSON_FILE_READER_H

#include "file.h"
#include "log.h"

/* One line of a log: what the shim wrote. The texts lie in the buffer of the line. */
struct log_line {
    char *text; /* may hold NULs */
    size_t length;
    bool from_stderr;
    int64_t time_ns;
    const char *attributes; /* "k=v,k2=v2", "" without */
};

/*
 * Parse the LENGTH bytes of LINE, a JSON object, in place: strings are unescaped where they are.
 * ROOM takes the attributes. False when it is no such line: it is left out then.
 */
bool log_line_parse(char *line, size_t length, char *room, size_t room_size, struct log_line *ret);

struct reader {
    struct log_read_request request; /* path and from are ours */
    char *path, *dir, *from;
    struct reader *next; /* of the loop's thread: truncate.h */
    bool filling;        /* likewise: a worker has it */
    bool restart;        /* the log was truncated: begin at its beginning */
    int inotify_fd;
    struct log_file files[LOG_FILES_MAX]; /* [0] is the newest; read is [count - 1] */
    size_t count;
    char *in; /* bytes not yet taken apart */
    size_t in_size, in_room;
    uint64_t in_inode; /* of the file they are from, for positions */
    bool in_overlong;  /* the rest of a line that is too long is skipped */
    char *out;         /* bytes for the client */
    size_t out_at, out_size, out_room;
    const volatile bool *canceled; /* while a worker has it */
    bool end_seen;                 /* nothing more is written */
    bool done;
};

/* Open the files, oldest last, and go to the first line that is wanted. Worker. */
int reader_open(struct reader *reader);
/* Read on until there is something in out, or the end: 0 or a negative errno. Worker. */
int reader_fill(struct reader *reader);
void reader_free(struct reader *reader);

#endif
