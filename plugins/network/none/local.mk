# plugins/network/none: see the top of Makefile.am
