# The Montreal Forced Aligner, which comes through conda only, with its English acoustic model:
#   docker build -f docker/mfa.Dockerfile -t understudy-mfa docker
#   UNDERSTUDY_MFA=docker/mfa flow run produce --script FILE --set sound.aligner=mfa
FROM mambaorg/micromamba:2.3-bookworm-slim
RUN micromamba install -y -n base -c conda-forge python=3.11 montreal-forced-aligner=3.4 \
    && micromamba clean -a -y
ENV PATH=/opt/conda/bin:$PATH MFA_ROOT_DIR=/opt/mfa
USER root
# Models are found by whatever user the container runs as.
RUN mkdir -p /opt/mfa && mfa model download acoustic english_us_arpa && chmod -R a+rwX /opt/mfa
USER $MAMBA_USER
ENTRYPOINT ["mfa"]
