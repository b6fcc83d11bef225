# plugins/support/ipam: see the top of Makefile.am
