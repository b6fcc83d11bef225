/*
 * frame.c: reading and writing the frames of a websocket.
 */
#include "frame.h"

#include <string.h>

/* --- reading ---------------------------------------------------------------------------------- */

/* Bytes that the head has, as far as it is known. */
static size_t head_length(const struct frame_reader *reader)
{
    unsigned length = reader->have < 2 ? 0 : reader->head[1] & 0x7f;

    return 2 + 4 + (length == 126 ? 2 : length == 127 ? 8 : 0);
}

static uint64_t payload_length(const unsigned char *head)
{
    size_t bytes = (head[1] & 0x7f) == 126 ? 2 : 8;
    uint64_t length = 0;

    if ((head[1] & 0x7f) < 126)
        return head[1] & 0x7f;
    for (size_t i = 0; i < bytes; i++)
        length = length << 8 | head[2 + i];
    return length;
}

static bool is_control(unsigned opcode)
{
    return opcode >= FRAME_CLOSE;
}

/* 0, or the status to close with. */
static unsigned check_start(const struct frame_reader *reader)
{
    unsigned opcode = reader->head[0] & 0x0f;
    bool fin = reader->head[0] & 0x80;

    if ((reader->head[0] & 0x70) || !(reader->head[1] & 0x80))
        return 1002;
    if (is_control(opcode))
        return opcode > FRAME_PONG || !fin || (reader->head[1] & 0x7f) > FRAME_CONTROL_MAX ? 1002
                                                                                           : 0;
    if (opcode > FRAME_BINARY || (opcode == FRAME_CONTINUATION) != reader->in_message)
        return 1002;
    return 0;
}

static unsigned open_frame(struct frame_reader *reader)
{
    uint64_t length = payload_length(reader->head);
    unsigned code = reader->head[1] & 0x7f;

    /* A length has one way to be written. */
    if ((code == 126 && length < 126) || (code == 127 && length <= 0xffff))
        return 1002;
    if (length > FRAME_MAX)
        return 1009;
    reader->opcode = reader->head[0] & 0x0f;
    if (!is_control(reader->opcode))
        reader->in_message = !(reader->head[0] & 0x80);
    reader->left = length;
    reader->mask_at = 0;
    reader->control_length = 0;
    reader->open = true;
    return 0;
}

/* Take bytes of the head; 0, or the status to close with. */
static unsigned read_head(struct frame_reader *reader, const unsigned char *data, size_t size,
                          size_t *used)
{
    while (*used < size && reader->have < head_length(reader)) {
        reader->head[reader->have++] = data[(*used)++];
        if (reader->have == 2 && check_start(reader) != 0)
            return check_start(reader);
    }
    return reader->have == head_length(reader) && reader->have > 2 ? open_frame(reader) : 0;
}

static void unmask(struct frame_reader *reader, unsigned char *data, size_t size)
{
    const unsigned char *mask = reader->head + reader->have - 4;

    for (size_t i = 0; i < size; i++)
        data[i] ^= mask[reader->mask_at++ & 3];
}

static void end_frame(struct frame_reader *reader)
{
    reader->open = false;
    reader->have = 0;
}

/* A close frame has no payload, or a status that may be sent. */
static enum frame_event end_close(struct frame_reader *reader, unsigned *ret_status)
{
    const unsigned char *payload = reader->control;
    unsigned status = reader->control_length < 2 ? 1000 : (unsigned)payload[0] << 8 | payload[1];
    bool valid = (status >= 1000 && status <= 1003) || (status >= 1007 && status <= 1014) ||
                 (status >= 3000 && status <= 4999);

    reader->closed = true;
    *ret_status = reader->control_length != 1 && valid ? status : 1002;
    return reader->control_length != 1 && valid ? FRAME_GOT_CLOSE : FRAME_BAD;
}

static enum frame_event end_control(struct frame_reader *reader, unsigned *ret_status)
{
    end_frame(reader);
    if (reader->opcode == FRAME_CLOSE)
        return end_close(reader, ret_status);
    return reader->opcode == FRAME_PING ? FRAME_GOT_PING : FRAME_MORE;
}

enum frame_event frame_read(struct frame_reader *reader, unsigned char *data, size_t size,
                            size_t *ret_used, unsigned char **ret_data, size_t *ret_length,
                            unsigned *ret_status)
{
    size_t used = 0;

    while (!reader->closed && (used < size || (reader->open && reader->left == 0))) {
        size_t n = size - used;
        unsigned char *at = data + used;

        if (!reader->open) {
            *ret_status = read_head(reader, data, size, &used);
            *ret_used = used;
            if (*ret_status != 0)
                return FRAME_BAD;
            continue;
        }
        n = reader->left < n ? (size_t)reader->left : n;
        unmask(reader, at, n);
        reader->left -= n;
        used += n;
        *ret_used = used;
        if (is_control(reader->opcode)) {
            memcpy(reader->control + reader->control_length, at, n);
            reader->control_length += n;
            if (reader->left > 0)
                continue;
            enum frame_event event = end_control(reader, ret_status);
            if (event != FRAME_MORE)
                return event;
            continue;
        }
        if (reader->left == 0)
            end_frame(reader);
        if (n == 0)
            continue;
        *ret_data = at;
        *ret_length = n;
        return FRAME_DATA;
    }
    *ret_used = reader->closed ? size : used;
    return FRAME_MORE;
}

/* --- writing ---------------------------------------------------------------------------------- */

size_t frame_head(unsigned char head[FRAME_HEAD_MAX], enum frame_opcode opcode, uint64_t length)
{
    size_t bytes = length < 126 ? 0 : length <= 0xffff ? 2 : 8;

    head[0] = (unsigned char)(0x80 | opcode);
    head[1] = (unsigned char)(bytes == 0 ? length : bytes == 2 ? 126 : 127);
    for (size_t i = 0; i < bytes; i++)
        head[2 + i] = (unsigned char)(length >> 8 * (bytes - 1 - i));
    return 2 + bytes;
}

/* --- the handshake: SHA-1 is what the protocol asks for, and secures nothing ------------------ */

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void sha1_block(uint32_t state[5], const unsigned char *block)
{
    static const uint32_t constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (size_t i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (size_t i = 16; i < 80; i++)
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    for (size_t i = 0; i < 80; i++) {
        uint32_t mixed = i < 20   ? (b & c) | (~b & d)
                         : i < 40 ? b ^ c ^ d
                         : i < 60 ? (b & c) | (b & d) | (c & d)
                                  : b ^ c ^ d;
        uint32_t next = rotate(a, 5) + mixed + e + constants[i / 20] + words[i];

        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

/* Of less than 120 bytes: two blocks. */
static void sha1(const char *text, size_t length, unsigned char ret[20])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned char blocks[128] = {0};
    size_t total = length < 56 ? 64 : 128;

    memcpy(blocks, text, length);
    blocks[length] = 0x80;
    blocks[total - 2] = (unsigned char)(length * 8 >> 8);
    blocks[total - 1] = (unsigned char)(length * 8);
    for (size_t at = 0; at < total; at += 64)
        sha1_block(state, blocks + at);
    for (size_t i = 0; i < 20; i++)
        ret[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool frame_accept(const char *key, char ret[29])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[24 + sizeof(guid)];
    unsigned char hash[21] = {0};

    /* 16 bytes: 22 digits, the last with four bits of zeros, and two signs. */
    if (strlen(key) != 24 || strspn(key, digits) != 22 || key[22] != '=' || key[23] != '=' ||
        !strchr("AQgw", key[21]))
        return false;
    memcpy(text, key, 24);
    memcpy(text + 24, guid, sizeof(guid));
    sha1(text, strlen(text), hash);
    for (size_t i = 0; i < 7; i++) {
        const unsigned char *in = hash + 3 * i;

        ret[4 * i] = digits[in[0] >> 2];
        ret[4 * i + 1] = digits[(in[0] & 3) << 4 | in[1] >> 4];
        ret[4 * i + 2] = digits[(in[1] & 15) << 2 | in[2] >> 6];
        ret[4 * i + 3] = digits[in[2] & 63];
    }
    ret[27] = '=';
    ret[28] = '\0';
    return true;
}
