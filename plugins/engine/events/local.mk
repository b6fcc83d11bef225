# plugins/engine/events: see the top of Makefile.am
