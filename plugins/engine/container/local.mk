# plugins/engine/container: see the top of Makefile.am
