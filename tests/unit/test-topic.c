/* Topics and their subscribers. */
#define HULL_DEFINE_TABLES
#include "tap.h"

#define NEWS_FIELDS(F, T)                    \
    F(T, STRING, _, text, "Text", 0, "Text") \
    F(T, INT, _, number, "Number", 0, "Number")
HULL_MESSAGE(news, NEWS_FIELDS)

static const struct hull_topic topic = {"news", &news_message};
static const struct hull_topic other = {"other", &news_message};

FIBER_TEST(all_subscribers_get_a_copy)
{
    struct hull_subscription *a = hull_subscribe(&topic, 4), *b = hull_subscribe(&topic, 4);
    struct hull_subscription *c = hull_subscribe(&other, 4);
    char text[] = "hello";
    hull_publish(&topic, &(struct news){text, 7});
    text[0] = 'J';
    for (int i = 0; i < 2; i++) {
        struct news news;
        uint64_t lost = 1;
        CHECK_OK(hull_next_event(call, i == 0 ? a : b, hull_call_arena(call), &news, &lost));
        CHECK_STR(news.text, "hello");
        CHECK(news.number == 7 && lost == 0);
    }
    struct news news;
    hull_call_set_timeout(call, 10);
    CHECK_KIND(hull_next_event(call, c, hull_call_arena(call), &news, NULL), HULL_TIMEOUT);
    hull_unsubscribe(a);
    CHECK(hull_unsubscribe(b) == NULL && hull_unsubscribe(NULL) == NULL);
    hull_publish(&topic, &(struct news){text, 7});
    hull_defer(call, hull_unsubscribe_cleanup, c);
}

FIBER_TEST(a_slow_subscriber_is_told_what_it_lost)
{
    struct hull_subscription *slow = hull_subscribe(&topic, 3);
    for (int i = 0; i < 10; i++)
        hull_publish(&topic, &(struct news){"x", i});
    struct news news;
    uint64_t lost;
    CHECK_OK(hull_next_event(call, slow, hull_call_arena(call), &news, &lost));
    CHECK(news.number == 7 && lost == 7);
    hull_publish(&topic, &(struct news){"x", 10});
    for (int i = 8; i <= 10; i++) {
        CHECK_OK(hull_next_event(call, slow, hull_call_arena(call), &news, &lost));
        CHECK(news.number == i && lost == 0);
    }
    for (int i = 0; i < 2; i++)
        hull_publish(&topic, &(struct news){"x", i});
    hull_unsubscribe(slow);
}

static int listens(struct hull_call *call, void *arg)
{
    struct hull_subscription *subscription = hull_subscribe(&topic, 10);
    hull_defer(call, hull_unsubscribe_cleanup, subscription);
    for (;;) {
        struct news news;
        int rc = hull_next_event(call, subscription, hull_call_arena(call), &news, NULL);
        if (rc < 0)
            return rc;
        *(int *)arg += (int)news.number;
        if (news.number == 0)
            return 0;
    }
}

FIBER_TEST(waiting_subscribers_are_woken)
{
    int sum = 0;
    struct hull_task *tasks[10];
    for (int i = 0; i < 10; i++)
        tasks[i] = hull_task_start(call, "listens", listens, &sum);
    CHECK_OK(hull_sleep(call, 2));
    for (int i = 5; i >= 0; i--)
        hull_publish(&topic, &(struct news){"x", i});
    for (int i = 0; i < 10; i++)
        CHECK_OK(hull_task_join(call, tasks[i]));
    CHECK_INT(sum, 150);
}

TAP_MAIN
