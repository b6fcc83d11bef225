/*
 * frame.h: the frames of a websocket (RFC 6455), as a server reads and writes them.
 *
 * Pure functions on bytes, for the server, its unit tests and the fuzzer. They are strict: a
 * client's frame that is not masked, has a reserved bit or an unknown opcode, a control frame that
 * is long or in pieces, a piece without a beginning: each ends the connection.
 */
#ifndef HTTP_FRAME_H
#define HTTP_FRAME_H

#include <hull/base.h>

#define FRAME_MAX ((uint64_t)1 << 20) /* payload of one frame of a client's; a message may be any */
#define FRAME_CONTROL_MAX 125u
#define FRAME_HEAD_MAX 10u /* bytes of a head that a server writes */

enum frame_opcode {
    FRAME_CONTINUATION = 0,
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,
};

/* Where the reader of a client's frames is. Zeroed memory is the begin. */
struct frame_reader {
    unsigned char head[14];
    size_t have;          /* bytes of the head */
    bool open;            /* the head is complete: payload comes */
    bool in_message;      /* a message has begun and not ended */
    bool closed;          /* a close frame came: nothing counts after it */
    unsigned char opcode; /* of the frame */
    uint64_t left;        /* payload bytes not read yet */
    unsigned mask_at;     /* which byte of the mask is next */
    unsigned char control[FRAME_CONTROL_MAX];
    size_t control_length;
};

enum frame_event {
    FRAME_MORE,     /* all bytes are used, nothing to do */
    FRAME_DATA,     /* RET_DATA is payload of a message */
    FRAME_GOT_PING, /* the control frame is in reader->control */
    FRAME_GOT_CLOSE,
    FRAME_BAD, /* end the connection with *ret_status */
};

/*
 * Read from the SIZE bytes at DATA, which is unmasked in place: *ret_used of them were taken.
 * For FRAME_DATA *ret_data and *ret_length are a stretch of payload. Call again with the rest.
 */
enum frame_event frame_read(struct frame_reader *reader, unsigned char *data, size_t size,
                            size_t *ret_used, unsigned char **ret_data, size_t *ret_length,
                            unsigned *ret_status);

/* The head of a server's frame of LENGTH bytes into HEAD; its own length. */
size_t frame_head(unsigned char head[FRAME_HEAD_MAX], enum frame_opcode opcode, uint64_t length);

/* The answer to a client's key (Sec-WebSocket-Accept), 28 characters and a NUL; false when KEY is
 * not 16 bytes in base64. */
bool frame_accept(const char *key, char ret[29]);

#endif
