"""The second experiment: how good are the features that a discriminator has learned?"""
