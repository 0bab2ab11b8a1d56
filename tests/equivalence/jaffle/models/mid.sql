{{ config(materialized="table") }}
select id
{% if env_var("JAFFLE_SCENE") == "fail_model" %}, error('mid fails') as failure {% endif %}
{% if env_var("JAFFLE_SCENE") == "fail_once" %}
, case when first_time('mid') then error('mid fails once') end as failure
{% endif %}
from {{ ref("stg") }}
